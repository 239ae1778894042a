/**
 * Runs a test file in a network of its own, where every address of some networks belongs to this machine: visitors come
 * from addresses that are not loopback.
 */
import { execFileSync, spawnSync } from 'node:child_process';

/** Of the benchmarking networks (RFC 2544) and of the unique local ones (RFC 4193): nobody's. */
const ROUTES =
  'ip link set lo up && ip addr add 198.18.0.1/32 dev lo && ip route add local 198.18.0.0/15 dev lo && ip -6 route add local fd09::/32 dev lo && echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind';
/** The server, as visitors call it. */
export const SERVER = { v4: '198.18.0.1', v6: '[fd09::1]' } as const;

/** A mount namespace too, in which this machine's name server is another. */
function withNameServer(address: string): string {
  return `file=$(mktemp) && echo 'nameserver ${address}' > $file && mount --bind $file /etc/resolv.conf && rm $file`;
}

const INSIDE = 'SLUICE_TEST_OWN_NETWORK';

/** As root, or as root of a user namespace. */
function unshare(more: string): string[] {
  return [process.getuid?.() === 0 ? `-n${more}` : `-rn${more}`];
}

/**
 * Call at the top of the file, before its tests: runs it again in the new network, and ends with its result.
 * @param nameServer the address of the only one; absent = as this machine has it, which does not answer there
 * @returns why this machine has none; null = this is it
 */
export function ownNetwork(file: string, { nameServer }: { nameServer?: string } = {}): string | null {
  if (process.env[INSIDE] === '1') return null;
  const setUp = nameServer === undefined ? ROUTES : `${ROUTES} && ${withNameServer(nameServer)}`;
  const namespaces = unshare(nameServer === undefined ? '' : 'm');
  try {
    execFileSync('unshare', [...namespaces, 'sh', '-c', setUp], { stdio: 'ignore' });
  } catch {
    return 'network namespaces need Linux, unshare and iproute2 (Debian: apt install util-linux iproute2), and the right to make them';
  }
  const again = [process.execPath, ...process.execArgv, file, ...process.argv.slice(2)];
  const { status } = spawnSync(
    'unshare',
    [...namespaces, 'sh', '-c', `${setUp} && exec "$@"`, 'sh', ...again],
    {
      stdio: 'inherit',
      env: { ...process.env, [INSIDE]: '1' },
    },
  );
  process.exit(status ?? 1);
}
