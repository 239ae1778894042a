import { SluiceError } from '../protocol/error.ts';
import { FIRST_VISIT_COOKIE, readSluiceCookies, SESSION_COOKIE } from './cookie.ts';
import type { TokenClaims, Tokens } from './token.ts';

/** The headers that authentication reads, from either `Headers` or Node's header object. */
export interface Credentials {
  authorization: string | null | undefined;
  cookie: string | null | undefined;
  /** The browser came over https. */
  isSecure: boolean;
}

/**
 * Identifies the session of a request: by its bearer token if one is sent (cookies are then ignored), else by its cookie.
 * @throws SluiceError `unauthorized`, `two_sessions`
 */
export function authenticate(tokens: Tokens, credentials: Credentials): TokenClaims {
  const claims = claimsOf(tokens, credentials);
  if (!claims) throw new SluiceError('unauthorized');
  return claims;
}

/** As `authenticate`; null when neither names a session. @throws SluiceError `two_sessions` */
export function claimsOf(tokens: Tokens, credentials: Credentials): TokenClaims | null {
  const { authorization, cookie, isSecure } = credentials;
  return authorization
    ? claimsFromBearer(tokens, authorization)
    : claimsFromCookies(tokens, cookie, isSecure);
}

/** null when no cookie holds a token that this server signed. @throws SluiceError `two_sessions` */
export function claimsFromCookies(
  tokens: Tokens,
  cookie: Credentials['cookie'],
  isSecure: boolean,
): TokenClaims | null {
  const claims = claimsFromSessionCookie(tokens, cookie, isSecure);
  return claims ?? claimsFromFirstVisitCookie(tokens, cookie, isSecure);
}

/** @throws SluiceError `two_sessions` */
export function claimsFromSessionCookie(
  tokens: Tokens,
  cookie: Credentials['cookie'],
  isSecure: boolean,
): TokenClaims | null {
  return onlyValid(tokens, readSluiceCookies(cookie, SESSION_COOKIE, isSecure));
}

/** The session of a browser whose first page has not asked for its session yet. @throws SluiceError `two_sessions` */
export function claimsFromFirstVisitCookie(
  tokens: Tokens,
  cookie: Credentials['cookie'],
  isSecure: boolean,
): TokenClaims | null {
  return onlyValid(tokens, readSluiceCookies(cookie, FIRST_VISIT_COOKIE, isSecure));
}

/**
 * A cookie belongs to a host and not to a port: any program of this host can set one, with a token of a list of its own. Of two
 * valid ones nobody can say which is the browser's, so none counts. @param byName values, by name
 */
function onlyValid(tokens: Tokens, byName: readonly string[][]): TokenClaims | null {
  for (const values of byName) {
    // A program's token is for programs: as a cookie it would be taken for its person.
    const valid = [...new Set(values)]
      .flatMap((value) => tokens.verify(value) ?? [])
      .filter(({ kind }) => kind !== 'token');
    if (valid.length > 1) throw new SluiceError('two_sessions');
    if (valid[0] !== undefined) return valid[0];
  }
  return null;
}

export function claimsFromBearer(tokens: Tokens, authorization: string): TokenClaims | null {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? null : tokens.verify(token);
}
