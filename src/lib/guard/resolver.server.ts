/**
 * Names to addresses, in the order of a usual Linux: the hosts file, DNS, and what else the system knows (mDNS, search
 * domains). DNS is asked through c-ares, whose sockets wait in the event loop. getaddrinfo waits in a thread, of which libuv
 * gives it two: six names with a silent server kept every other name waiting for 30 s. It is called for one name at a time,
 * and only for names that DNS does not have.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { parseAddress } from './address.ts';

/** All addresses of a name, in order of preference. @param signal of who asks */
export type Resolve = (name: string, signal?: AbortSignal) => Promise<string[]>;

export interface ResolverOptions {
  /** DNS servers, as `Resolver.setServers` takes them. Default: the system's. */
  servers?: readonly string[];
  /** Default: `/etc/hosts`. */
  hostsFile?: string;
  /** Asks the system for all addresses of a name. Default: getaddrinfo. */
  askSystem?: (name: string) => Promise<string[]>;
  dnsLimits?: DnsLimits;
}

/** ms for each server at the first try, tries, and ms at most for a try: c-ares doubles the time with each. */
interface DnsLimits {
  timeout: number;
  tries: number;
  maxTimeout: number;
}

/** About as long as glibc, which asks each server twice, for 5 s (resolv.conf(5)). */
const DNS_LIMITS: DnsLimits = { timeout: 3000, tries: 3, maxTimeout: 3000 };
/** RFC 8305 section 3: how long to wait for IPv6 addresses once there are IPv4 ones. */
const RESOLUTION_DELAY_MS = 50;
/** A network that was changed has other servers: the system's settings are read again after this. */
const SETTINGS_MAX_AGE_MS = 5000;
/** The name has no answer in time: getaddrinfo would ask the same servers again. */
const SILENT = ['ETIMEOUT', 'ECANCELLED'];

/** @returns resolves all addresses of a name, IPv6 first; rejects with the system's own error, by whose code `obstacleOfName` goes */
export function createResolver(options: ResolverOptions = {}): Resolve {
  const { hostsFile = '/etc/hosts', askSystem = getaddrinfo } = options;
  let settings = { resolver: newResolver(options), readAt: performance.now() };
  let lastAsked: Promise<unknown> = Promise.resolve();

  function dns(): Resolver {
    if (performance.now() - settings.readAt > SETTINGS_MAX_AGE_MS) {
      settings = { resolver: newResolver(options), readAt: performance.now() };
    }
    return settings.resolver;
  }

  return async (name, signal) => {
    const listed = addressesInHosts(await readFile(hostsFile, 'utf8').catch(() => ''), name);
    if (listed.length > 0) return listed;
    try {
      return await askDns(dns(), name);
    } catch (thrown) {
      if (SILENT.includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
      const asked = lastAsked.then(() => {
        // Who has given up keeps nobody waiting.
        signal?.throwIfAborted();
        return askSystem(name);
      });
      lastAsked = asked.catch(() => undefined);
      return asked;
    }
  };
}

function newResolver({ servers, dnsLimits = DNS_LIMITS }: ResolverOptions): Resolver {
  const resolver = new Resolver(dnsLimits);
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}

/** @throws the error of the IPv4 query when there is no address of either kind */
async function askDns(resolver: Resolver, name: string): Promise<string[]> {
  const four = resolver.resolve4(name);
  const six = resolver.resolve6(name).catch(() => []);
  const sixInTime = Promise.race([six, four.then(delay).then(() => [])]);
  const [ofSix, ofFour] = await Promise.allSettled([sixInTime.catch(() => six), four]);
  const addresses = [ofSix, ofFour].flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (addresses.length === 0 && ofFour.status === 'rejected') throw ofFour.reason;
  return addresses;
}

/**
 * The addresses that a hosts file gives a name (hosts(5)), in its order.
 * @param name in lower case
 */
export function addressesInHosts(text: string, name: string): string[] {
  const addresses: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (names.some((each) => each.toLowerCase() === name) && parseAddress(address) !== null) {
      addresses.push(address);
    }
  }
  return addresses;
}

function delay(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RESOLUTION_DELAY_MS));
}

async function getaddrinfo(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}
