/** The canonical spelling of hosts and addresses, and which addresses are public. Pure. */
import ipaddr from 'ipaddr.js';

/** All that IANA has assigned as global unicast so far (RFC 4291, section 2.4). */
const GLOBAL_UNICAST_V6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Public by its number, and inside of Azure not: there it is the host that a virtual machine runs on, which hands out its
 * certificates (its wire server). Other clouds have addresses for this that are private.
 */
const HOST_OF_AZURE = '168.63.129.16';

/**
 * A host as in a parsed URL: lower case, IDNA, IPv4 in dotted decimal (`2130706433`, `0x7f.1` and `0177.0.0.1` are the
 * same address), IPv6 without brackets. null = not a host.
 */
export function canonicalHost(host: string): string | null {
  if (host === '' || /[/?#@\\\s]/.test(host)) return null;
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const url = URL.parse(bare.includes(':') ? `http://[${bare}]/` : `http://${bare}/`);
  return url === null || url.hostname === '' ? null : unbracket(url.hostname);
}

/** The hostname of a parsed URL without the brackets of an IPv6 literal. */
export function unbracket(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/** An IPv4 address in `::ffff:0:0/96` is returned as IPv4; null = not an IP address. */
export function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const [plain = ''] = text.split('%');
  // Four decimal parts only: `canonicalHost` has rewritten all other spellings.
  // Of a name the library makes an error first, with its stack: 5 % of the CPU of a server that is asked for many.
  const known = plain.includes(':')
    ? ipaddr.IPv6.isValid(plain)
    : /^[\d.]+$/.test(plain) && ipaddr.IPv4.isValidFourPartDecimal(plain);
  return known ? ipaddr.process(plain) : null;
}

/**
 * Whether an address is public unicast. Special-purpose ranges are not: private, loopback, link-local, carrier NAT,
 * multicast, documentation, and the transition ranges that can hold a private IPv4 address (NAT64, 6to4, Teredo,
 * IPv4-compatible), and the host of a cloud.
 */
export function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast' || address.toString() === HOST_OF_AZURE) return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST_V6);
}
