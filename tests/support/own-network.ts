/**
 * Runs a file in a network of its own, where every address of some networks belongs to this machine: visitors come
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

export interface OwnNetwork {
  /** For sh, run in the new namespaces before the file. */
  setUp?: string;
  /** Whether it also has mounts of its own. */
  mounts?: boolean;
  /** The only name server; absent = as this machine has it, which does not answer there. */
  nameServer?: string;
}

/** As root, or as root of a user namespace. */
function unshare(mounts: boolean): string[] {
  const kinds = mounts ? 'nm' : 'n';
  return process.getuid?.() === 0 ? [`-${kinds}`] : [`-r${kinds}`];
}

/**
 * Call at the top of the file, before its tests: runs it again in the new network, and ends with its result.
 * @returns why this machine has none; null = this is it
 */
export function ownNetwork(file: string, options: OwnNetwork = {}): string | null {
  if (process.env[INSIDE] === '1') return null;
  const { setUp: routes = ROUTES, mounts = false, nameServer } = options;
  const setUp = nameServer === undefined ? routes : `${routes} && ${withNameServer(nameServer)}`;
  const namespaces = unshare(mounts || nameServer !== undefined);
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
