import type { IncomingHttpHeaders } from 'node:http';
import type { Credentials } from './credentials.ts';
import type { AllowedOrigins, RequestHead } from './origin.ts';

/** Sent with every answer, files and errors included. Pages get their CSP from SvelteKit, with a fresh nonce. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** CSP of everything that is not a page: opened as one, it loads nothing and cannot be framed. */
export const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Names the owner of a request to the page's bundle: see `owner.ts`. A value that a client sends is overwritten. */
export const OWNER_HEADER = 'x-sluice-owner';

/** Whether the browser came over https: `https` or `http`. A value that a client sends is overwritten (`noteProtocol`). */
export const PROTOCOL_HEADER = 'x-sluice-protocol';

/** Node's header object: names in lower case, repeated headers as an array. */
export type NodeHeaders = Readonly<Record<string, string | string[] | undefined>>;

export function credentialsFromHeaders(headers: Headers): Credentials {
  const isSecure = headers.get(PROTOCOL_HEADER) === 'https';
  return { authorization: headers.get('authorization'), cookie: headers.get('cookie'), isSecure };
}

export function credentialsFromNodeHeaders(headers: NodeHeaders): Credentials {
  const isSecure = headers[PROTOCOL_HEADER] === 'https';
  return { authorization: joined(headers['authorization']), cookie: joined(headers['cookie']), isSecure };
}

/** To be called for every request and upgrade, before its credentials are read. */
export function recordProtocol(
  headers: IncomingHttpHeaders,
  origins: Pick<AllowedOrigins, 'isSecure'>,
): void {
  headers[PROTOCOL_HEADER] = origins.isSecure(headers.host) ? 'https' : 'http';
}

export function requestHead(method: string, headers: NodeHeaders): RequestHead {
  return {
    method,
    host: joined(headers['host']),
    origin: joined(headers['origin']),
    fetchSite: joined(headers['sec-fetch-site']),
  };
}

/** Reads a request header by its lower-case name, from Node's header object or from `Headers`. */
export type HeaderGetter = (name: string) => string | undefined;

export function headerGetter(headers: NodeHeaders | Headers): HeaderGetter {
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  return (name) => joined(headers[name]);
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
