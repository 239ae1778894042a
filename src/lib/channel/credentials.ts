import { SluiceError } from '../protocol/error.ts';
import { FIRST_VISIT_COOKIE, readOwnCookies, SESSION_COOKIE } from './cookie.ts';
import type { TokenClaims, Tokens } from './token.ts';

/** What is looked at of a request; both Headers and Node's header object can be turned into it. */
export interface Credentials {
  authorization: string | null | undefined;
  cookie: string | null | undefined;
}

/**
 * Who is asking: the bearer token if one is sent (then it alone counts), else the first session cookie of ours.
 * @throws SluiceError `unauthorized`
 */
export function authenticate(tokens: Tokens, { authorization, cookie }: Credentials): TokenClaims {
  const claims = authorization ? bearer(tokens, authorization) : fromCookie(tokens, cookie);
  if (!claims) throw new SluiceError('unauthorized');
  return claims;
}

/** null when no cookie holds a token of ours: none, an old one, or a planted one. */
export function fromCookie(tokens: Tokens, cookie: string | null | undefined): TokenClaims | null {
  return fromSessionCookie(tokens, cookie) ?? fromFirstVisit(tokens, cookie);
}

export function fromSessionCookie(tokens: Tokens, cookie: string | null | undefined): TokenClaims | null {
  return firstGood(tokens, readOwnCookies(cookie, SESSION_COOKIE));
}

/** The session of a browser whose first page has not asked for one yet. */
export function fromFirstVisit(tokens: Tokens, cookie: string | null | undefined): TokenClaims | null {
  return firstGood(tokens, readOwnCookies(cookie, FIRST_VISIT_COOKIE));
}

function firstGood(tokens: Tokens, values: readonly string[]): TokenClaims | null {
  for (const value of values) {
    const claims = tokens.verify(value);
    if (claims) return claims;
  }
  return null;
}

function bearer(tokens: Tokens, authorization: string): TokenClaims | null {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? null : tokens.verify(token);
}
