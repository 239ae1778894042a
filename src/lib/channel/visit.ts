/**
 * How a visitor gets a session. A request that another site caused never sets a cookie: the browser may have one that
 * was not sent with it (SameSite), which would be replaced, and all its downloads with it. Nor does a page give a browser
 * a new session cookie: of two tabs that are opened at once, the later answer would take the first tab's session away.
 * Instead the loaded page asks, from its own origin, one tab after the other (static/session.js).
 */
import {
  firstVisitCookie,
  noFirstVisitCookie,
  readOwnCookies,
  SESSION_COOKIE,
  sessionCookie,
} from './cookie.ts';
import { fromCookie, fromFirstVisit, fromSessionCookie } from './credentials.ts';
import type { Edge } from './edge.ts';
import type { HeaderOf } from './headers.ts';
import { isFromElsewhere } from './origin.ts';
import { Tokens } from './token.ts';

type Door = Pick<Edge, 'tokens' | 'gate'>;
type StoredDoor = Door & { lists: Pick<Edge['lists'], 'summary'> };

export interface Visit {
  /** null: the page has to ask for one (`POST /api/sessions`). */
  session: string | null;
  /** Set-Cookie lines. */
  cookies: string[];
}

/** The page is asked for. */
export function visitPage({ tokens, gate }: Door, header: HeaderOf): Visit {
  const claims = fromSessionCookie(tokens, header('cookie'));
  const secure = gate.isSecure(header('host'));
  if (!maySetCookie(header)) return { session: claims?.session ?? null, cookies: [] };
  if (claims !== null) return { session: claims.session, cookies: [sessionCookie(claims.token, secure)] };
  if (runsScripts(header)) {
    const isFirst = fromFirstVisit(tokens, header('cookie')) === null;
    return { session: null, cookies: isFirst ? [firstVisitCookie(tokens.issue().token, secure)] : [] };
  }
  const { session, token } = tokens.issue();
  return { session, cookies: [sessionCookie(token, secure)] };
}

export interface OpenedSession extends Visit {
  session: string;
  /** Of a session that is new; null for one that the browser had. */
  token: string | null;
  /**
   * The stored session that the cookie was for, which this server's key has not signed. Cookies know no port: that of
   * another Sluice on this host comes along too, and nothing is lost here by it.
   */
  lost: string | null;
}

/** `POST /api/sessions`: a browser gets the session it has, and each program a new one. Nothing is stored. */
export function openSession(door: StoredDoor, header: HeaderOf): OpenedSession {
  const cookie = isBrowser(header) ? header('cookie') : undefined;
  const had = fromCookie(door.tokens, cookie);
  const { session, token } = had ?? door.tokens.issue();
  const secure = door.gate.isSecure(header('host'));
  const cookies = [sessionCookie(token, secure)];
  if (fromFirstVisit(door.tokens, cookie) !== null) cookies.push(noFirstVisitCookie(secure));
  return {
    session,
    token: had === null ? token : null,
    lost: fromSessionCookie(door.tokens, cookie) === null ? lostBy(door, cookie) : null,
    cookies: maySetCookie(header) ? cookies : [],
  };
}

function lostBy({ lists }: StoredDoor, cookie: string | undefined): string | null {
  const named = readOwnCookies(cookie, SESSION_COOKIE).flatMap((value) => Tokens.sessionNamedBy(value) ?? []);
  return named.find((session) => lists.summary(session).downloads > 0) ?? null;
}

/** A prefetched or prerendered page has no visitor yet. */
function maySetCookie(header: HeaderOf): boolean {
  return !isFromElsewhere(header('sec-fetch-site')) && header('sec-purpose') === undefined;
}

/** All browsers name HTML first in the Accept of a navigation; programs take anything. */
function runsScripts(header: HeaderOf): boolean {
  return /\btext\/html\b/.test(header('accept') ?? '');
}

/** Browsers send Origin with every POST. */
function isBrowser(header: HeaderOf): boolean {
  return header('origin') !== undefined || header('sec-fetch-site') !== undefined;
}
