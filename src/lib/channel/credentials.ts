import { SluiceError } from '../protocol/error.ts';
import { FIRST_VISIT_COOKIE, readSluiceCookies, SESSION_COOKIE } from './cookie.ts';
import type { TokenClaims, Tokens } from './token.ts';

/** The headers that authentication reads, from either `Headers` or Node's header object. */
export interface Credentials {
  authorization: string | null | undefined;
  cookie: string | null | undefined;
}

/**
 * Identifies the session of a request: by its bearer token if one is sent (cookies are then ignored), else by the first
 * valid cookie of `readSluiceCookies`.
 * @throws SluiceError `unauthorized`
 */
export function authenticate(tokens: Tokens, credentials: Credentials): TokenClaims {
  const claims = claimsOf(tokens, credentials);
  if (!claims) throw new SluiceError('unauthorized');
  return claims;
}

/** As `authenticate`; null when neither names a session. */
export function claimsOf(tokens: Tokens, { authorization, cookie }: Credentials): TokenClaims | null {
  return authorization ? claimsFromBearer(tokens, authorization) : claimsFromCookies(tokens, cookie);
}

/** null when no cookie holds a token that this server signed. */
export function claimsFromCookies(tokens: Tokens, cookie: Credentials['cookie']): TokenClaims | null {
  return claimsFromSessionCookie(tokens, cookie) ?? claimsFromFirstVisitCookie(tokens, cookie);
}

export function claimsFromSessionCookie(tokens: Tokens, cookie: Credentials['cookie']): TokenClaims | null {
  return firstValid(tokens, readSluiceCookies(cookie, SESSION_COOKIE));
}

/** The session of a browser whose first page has not asked for its session yet. */
export function claimsFromFirstVisitCookie(
  tokens: Tokens,
  cookie: Credentials['cookie'],
): TokenClaims | null {
  return firstValid(tokens, readSluiceCookies(cookie, FIRST_VISIT_COOKIE));
}

function firstValid(tokens: Tokens, values: readonly string[]): TokenClaims | null {
  for (const value of values) {
    const claims = tokens.verify(value);
    if (claims) return claims;
  }
  return null;
}

function claimsFromBearer(tokens: Tokens, authorization: string): TokenClaims | null {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? null : tokens.verify(token);
}
