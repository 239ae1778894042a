import type { Credentials } from './credentials.ts';
import type { RequestHead } from './origin.ts';

/** Every answer carries these, files and errors too. The pages' own CSP comes from Kit, with a nonce for each. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** For answers that are no page: opened as one, they load nothing and are framed by nobody. */
export const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Node's header object: names in lower case, a repeated one as a list. */
export type NodeHeaders = Readonly<Record<string, string | string[] | undefined>>;

export function fromHeaders(headers: Headers): Credentials {
  return { authorization: headers.get('authorization'), cookie: headers.get('cookie') };
}

export function fromNodeHeaders(headers: NodeHeaders): Credentials {
  return { authorization: single(headers['authorization']), cookie: single(headers['cookie']) };
}

export function headOf(method: string, headers: NodeHeaders): RequestHead {
  return {
    method,
    host: single(headers['host']),
    origin: single(headers['origin']),
    fetchSite: single(headers['sec-fetch-site']),
  };
}

/** A request's header by its name in lower case, whatever kind of request it is. */
export type HeaderOf = (name: string) => string | undefined;

export function headerOf(headers: NodeHeaders | Headers): HeaderOf {
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  return (name) => single(headers[name]);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
