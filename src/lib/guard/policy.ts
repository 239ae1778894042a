/** Which addresses may be reached. Pure: `guard.server.ts` dials. */
import type ipaddr from 'ipaddr.js';
import { canonicalHost, isPublic, parseAddress, unbracket } from './address.ts';

export interface Network {
  base: ipaddr.IPv4 | ipaddr.IPv6;
  prefixBits: number;
}

interface AllowedRange extends Network {
  kind: 'range';
  /** null = every port. */
  port: number | null;
}
interface AllowedHost {
  kind: 'host';
  host: string;
  port: number | null;
}
/** One entry of `SLUICE_ALLOW_PRIVATE`. */
export type AllowEntry = AllowedRange | AllowedHost;

interface Destination {
  /** The canonical host of the URL. */
  host: string;
  /** One of its addresses. */
  address: string;
  port: number;
}

/**
 * Reads `SLUICE_ALLOW_PRIVATE`: a comma list of hosts, addresses or CIDR ranges, each with an optional `:port`
 * (IPv6 with a port in brackets: `[fd00::/8]:8080`). Empty = nothing.
 * @throws Error that quotes the entry
 */
export function parseAllowPrivate(text: string): AllowEntry[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseEntry);
}

function parseEntry(entry: string): AllowEntry {
  const { target, portText } = splitPort(entry);
  const port = portText === null ? null : Number(portText);
  if (port !== null && (!/^\d{1,5}$/.test(portText ?? '') || port < 1 || port > 65_535)) {
    throw new Error(`SLUICE_ALLOW_PRIVATE: "${entry}" has no valid port (1–65535).`);
  }
  const [addressText = '', bitsText, ...rest] = target.split('/');
  const base = parseAddress(addressText);
  if (base !== null && rest.length === 0) {
    const most = base.kind() === 'ipv4' ? 32 : 128;
    const prefixBits = bitsText === undefined ? most : Number(bitsText);
    if (bitsText === undefined || (/^\d{1,3}$/.test(bitsText) && prefixBits <= most)) {
      return { kind: 'range', base, prefixBits, port };
    }
    throw new Error(`SLUICE_ALLOW_PRIVATE: "${entry}" needs a prefix length of 0–${most}.`);
  }
  const host = bitsText === undefined ? canonicalHost(target) : null;
  if (host === null || parseAddress(host) !== null || !/^[\w.-]+$/.test(host)) {
    throw new Error(`SLUICE_ALLOW_PRIVATE: "${entry}" is neither a host, an address nor a CIDR range.`);
  }
  return { kind: 'host', host, port };
}

function splitPort(entry: string): { target: string; portText: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(entry);
  if (bracketed) return { target: bracketed[1] ?? '', portText: bracketed[2] ?? null };
  const colons = entry.split(':').length - 1;
  if (colons !== 1) return { target: entry, portText: null };
  const at = entry.indexOf(':');
  return { target: entry.slice(0, at), portText: entry.slice(at + 1) };
}

/**
 * Whether a destination may be dialled: its address is public and on none of the machine's own networks, or in the range
 * of an entry, or an entry names its host.
 * @param links the networks that this machine has addresses in
 */
export function isAllowed(
  { host, address, port }: Destination,
  allowed: readonly AllowEntry[],
  links: readonly Network[] = [],
): boolean {
  const parsed = parseAddress(address);
  if (parsed === null) return false;
  if (isPublic(parsed) && !links.some((link) => matches(parsed, link))) return true;
  return allowed.some((entry) => {
    if (entry.port !== null && entry.port !== port) return false;
    return entry.kind === 'host' ? entry.host === host : matches(parsed, entry);
  });
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, { base, prefixBits }: Network): boolean {
  if (base.kind() !== address.kind()) return false;
  return address.kind() === 'ipv4'
    ? (address as ipaddr.IPv4).match(base as ipaddr.IPv4, prefixBits)
    : (address as ipaddr.IPv6).match(base as ipaddr.IPv6, prefixBits);
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/**
 * Whether a URL is refused before its host is resolved: an IP literal that may not be reached, or a name of this machine
 * (`localhost`, RFC 6761).
 */
export function isRefusedLiteral(url: URL, allowed: readonly AllowEntry[]): boolean {
  const host = unbracket(url.hostname);
  const port = portOf(url);
  if (parseAddress(host) !== null) return !isAllowed({ host, address: host, port }, allowed);
  if (!/^(.+\.)?localhost\.?$/.test(host)) return false;
  return !['127.0.0.1', '::1'].some((address) => isAllowed({ host, address, port }, allowed));
}
