/**
 * Resolves names in the order of a usual Linux: the hosts file, DNS, and what else the system knows (mDNS, search domains).
 * DNS is queried through c-ares, whose sockets wait in the event loop. getaddrinfo blocks a thread, of which libuv gives it
 * two: six names with a silent server delayed every other name by 30 s. So it is called for one name at a time, and only for
 * names that DNS does not have.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { parseAddress } from './address.ts';

/** All addresses of a name, in order of preference. @param signal the caller's */
export type Resolve = (name: string, signal?: AbortSignal) => Promise<string[]>;

export interface ResolverOptions {
  /** DNS servers, as `Resolver.setServers` takes them. Default: the system's. Called anew after `SETTINGS_MAX_AGE_MS`. */
  servers?: () => readonly string[];
  /** Default: `/etc/hosts`. */
  hostsFile?: string;
  /** All addresses of a name that the system knows. Default: getaddrinfo. */
  querySystem?: (name: string) => Promise<string[]>;
  dnsLimits?: DnsLimits;
  /** ms, monotonic. */
  now?: () => number;
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
export const SETTINGS_MAX_AGE_MS = 5000;
/** No name server answered in time: getaddrinfo would query the same servers again. */
const NO_ANSWER_CODES = ['ETIMEOUT', 'ECANCELLED'];

/** @returns resolves to all addresses of a name, IPv6 first; rejects with the system's own error, whose code `obstacleOfName` maps */
export function createResolver(options: ResolverOptions = {}): Resolve {
  const { hostsFile = '/etc/hosts', querySystem = getaddrinfo, now = () => performance.now() } = options;
  let settings = { resolver: newResolver(options), readAt: now() };
  let lastQuery: Promise<unknown> = Promise.resolve();

  function dns(): Resolver {
    if (now() - settings.readAt > SETTINGS_MAX_AGE_MS) {
      settings = { resolver: newResolver(options), readAt: now() };
    }
    return settings.resolver;
  }

  return async (name, signal) => {
    const listed = addressesInHosts(await readFile(hostsFile, 'utf8').catch(() => ''), name);
    if (listed.length > 0) return listed;
    try {
      return await queryDns(dns(), name);
    } catch (thrown) {
      if (NO_ANSWER_CODES.includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
      const query = lastQuery.then(() => {
        // A caller that has given up delays no other.
        signal?.throwIfAborted();
        return querySystem(name);
      });
      lastQuery = query.catch(() => undefined);
      return query;
    }
  };
}

function newResolver({ servers, dnsLimits = DNS_LIMITS }: ResolverOptions): Resolver {
  const resolver = new Resolver(dnsLimits);
  if (servers !== undefined) resolver.setServers(servers());
  return resolver;
}

/** @throws the error of the IPv4 query when there is no address of either kind */
async function queryDns(resolver: Resolver, name: string): Promise<string[]> {
  const ipv4 = resolver.resolve4(name);
  const ipv6 = resolver.resolve6(name).catch(() => []);
  // With IPv4 addresses the IPv6 ones are awaited a moment longer; without, until they come or fail.
  const ipv6InTime = Promise.race([ipv6, ipv4.then(delay).then(() => [])]);
  const results = await Promise.allSettled([ipv6InTime.catch(() => ipv6), ipv4]);
  const addresses = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  if (addresses.length === 0 && results[1].status === 'rejected') throw results[1].reason;
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
