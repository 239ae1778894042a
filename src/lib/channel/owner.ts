/**
 * The owner of what a visitor uses: the address of the connection. It is kept as an HMAC, so that what is stored with a list
 * does not show the address. Headers cannot change it: a proxy is not trusted to name the visitor.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { LOCAL } from '../quota/quota.ts';
import type { NodeHeaders } from './headers.ts';

/** What proxies add to a request. A program on this machine has no reason to. */
const FORWARDING_HEADERS = [
  ...[
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-client-ip',
  ],
  ...['cf-connecting-ip', 'true-client-ip'],
];
/** The home network of one visitor; addresses in it are free. Source: RFC 6177, section 2. */
const IPV6_PREFIX_BYTES = 8;

export interface Peer {
  socket: { remoteAddress?: string | undefined };
  headers: NodeHeaders;
}

export class Owners {
  readonly #key: KeyObject;
  readonly #forwarded: string;
  /** By connection: several requests come over one. */
  readonly #known = new WeakMap<object, string>();

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
    this.#forwarded = this.#sign('forwarded');
  }

  /** Of a connection, before its first request. */
  ofConnection(socket: Peer['socket']): string {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const network = networkOf(socket.remoteAddress);
    const owner = network === LOCAL ? LOCAL : this.#sign(network);
    this.#known.set(socket, owner);
    return owner;
  }

  /**
   * Of a request. One from this machine that a proxy has forwarded is a stranger's. All of those together are one owner, as
   * the client may have written what the proxy says of it.
   */
  of({ socket, headers }: Peer): string {
    const owner = this.ofConnection(socket);
    const isForwarded = owner === LOCAL && FORWARDING_HEADERS.some((name) => headers[name] !== undefined);
    return isForwarded ? this.#forwarded : owner;
  }

  #sign(network: string): string {
    return createHmac('sha256', this.#key).update(`owner:${network}`).digest('base64url').slice(0, 22);
  }
}

/** The part of an address that one visitor has for itself; `local` for this machine. */
export function networkOf(address: string | undefined): string {
  const text = address?.replace(/%.*$/, '') ?? '';
  if (!ipaddr.isValid(text)) return 'unknown';
  // Unwraps ::ffff:192.0.2.1, as a socket that listens on :: names IPv4 peers.
  const parsed = ipaddr.process(text);
  if (parsed.range() === 'loopback') return LOCAL;
  const bytes = parsed.toByteArray();
  return Buffer.from(parsed.kind() === 'ipv6' ? bytes.slice(0, IPV6_PREFIX_BYTES) : bytes).toString('hex');
}
