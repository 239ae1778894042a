/**
 * How a visitor comes by a session. What a browser was sent here for by another site never sets a cookie: the one it
 * has may not have come along (SameSite), and would be replaced, with all downloads behind it. So the page that is
 * loaded asks by itself, from its own origin, for the session that its browser has or a new one.
 */
import { sessionCookie, readSessionCookies } from './cookie.ts';
import { fromCookie } from './credentials.ts';
import type { Edge } from './edge.ts';
import type { HeaderOf } from './headers.ts';
import { isFromElsewhere } from './origin.ts';
import { type TokenClaims, Tokens } from './token.ts';

type Door = Pick<Edge, 'tokens' | 'gate'>;

export interface Visit {
  /** null: the page has to ask for one (`POST /api/sessions`). */
  session: string | null;
  /** The Set-Cookie line; null = none. */
  cookie: string | null;
}

/**
 * The page is asked for. A new session comes with it only for who will not run its scripts: of two tabs that a browser
 * opens at once, the later cookie would take the first tab's session away, where scripts can ask one after the other.
 */
export function visitPage(door: Door, header: HeaderOf): Visit {
  const claims = fromCookie(door.tokens, header('cookie'));
  if (claims !== null) return { session: claims.session, cookie: cookieFor(door, claims, header) };
  if (runsScripts(header) || !maySetCookie(header)) return { session: null, cookie: null };
  const issued = door.tokens.issue();
  return { session: issued.session, cookie: cookieFor(door, issued, header) };
}

export interface OpenedSession extends Visit {
  session: string;
  /** Of a new session; null for the one that the browser has. */
  token: string | null;
  /** Of a new session: which one the cookie was for that this server's key has not signed. */
  lost: string | null;
}

/** `POST /api/sessions`: a browser gets the session it has, and each program a new one. Nothing is stored. */
export function openSession(door: Door, header: HeaderOf): OpenedSession {
  const cookies = isBrowser(header) ? header('cookie') : undefined;
  const claims = fromCookie(door.tokens, cookies);
  if (claims !== null) {
    const cookie = cookieFor(door, claims, header);
    return { session: claims.session, token: null, lost: null, cookie };
  }
  const issued = door.tokens.issue();
  const [lost = null] = readSessionCookies(cookies).flatMap((value) => Tokens.sessionNamedBy(value) ?? []);
  return { session: issued.session, token: issued.token, lost, cookie: cookieFor(door, issued, header) };
}

/** @returns the Set-Cookie line; null when none may be set */
function cookieFor({ gate }: Pick<Edge, 'gate'>, { token }: TokenClaims, header: HeaderOf): string | null {
  return maySetCookie(header) ? sessionCookie(token, gate.isSecure(header('host'))) : null;
}

/** A page that is fetched in case somebody will want it (`prefetch`, `prerender`) is no visit yet. */
function maySetCookie(header: HeaderOf): boolean {
  return !isFromElsewhere(header('sec-fetch-site')) && header('sec-purpose') === undefined;
}

/** All browsers say with a navigation that HTML is what they want; programs take anything. */
function runsScripts(header: HeaderOf): boolean {
  return /\btext\/html\b/.test(header('accept') ?? '');
}

/** Browsers send Origin with every POST. */
function isBrowser(header: HeaderOf): boolean {
  return header('origin') !== undefined || header('sec-fetch-site') !== undefined;
}
