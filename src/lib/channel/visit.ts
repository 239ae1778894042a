/**
 * How a visitor gets a session. A cross-origin request never sets a cookie: the browser may have one that it did not
 * send (SameSite), and replacing it would lose the visitor's downloads. Nor does a page request give a browser a session
 * cookie: of two tabs opened at once, the later answer would replace the first tab's session. Instead the loaded page
 * asks for its session, one tab after the other (static/session.js).
 */
import { SluiceError } from '../protocol/error.ts';
import {
  firstVisitCookie,
  clearFirstVisitCookie,
  hasCurrentName,
  readSluiceCookies,
  removePlantedCookies,
  RENEWED_COOKIE,
  renewedCookie,
  SESSION_COOKIE,
  sessionCookie,
} from './cookie.ts';
import { claimsFromCookies, claimsFromFirstVisitCookie, claimsFromSessionCookie } from './credentials.ts';
import type { Edge } from './edge.ts';
import type { HeaderGetter } from './headers.ts';
import { isCrossOrigin } from './origin.ts';
import { type TokenClaims, Tokens } from './token.ts';

type VisitEdge = Pick<Edge, 'origins'> & {
  tokens: Tokens;
  visitors: Pick<Edge['visitors'], 'newSession'>;
  people: Pick<Edge['people'], 'auth'>;
};
type SessionEdge = VisitEdge & { storedSessions: Pick<Edge['storedSessions'], 'summary'> };

export interface Visit {
  /** null: the loaded page has to ask for one (`POST /api/sessions`). */
  session: string | null;
  /** Set-Cookie lines. */
  cookies: string[];
  /** The session in the first-visit cookie that this answer sets: the page knows it from others' by that. */
  first?: string;
  /** Who signed in; null = nobody. */
  person?: string | null;
}

const NO_SESSION: Visit = { session: null, cookies: [] };

/**
 * Answers a page request. A visitor that had too many sessions gets the page without one, and so does everybody while the store
 * cannot be read: the page asks again, and says why there is none. Where two cookies name a session, those that are not ours
 * are removed meanwhile.
 */
export function visitPage(edge: VisitEdge, header: HeaderGetter, owner: string, path: string): Visit {
  try {
    return sessionOfPage(edge, header, owner);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    if (thrown.code !== 'two_sessions' || !maySetCookie(header)) return NO_SESSION;
    const host = header('host');
    return { session: null, cookies: removePlantedCookies(path, host, edge.origins.isSecure(host)) };
  }
}

function sessionOfPage(edge: VisitEdge, header: HeaderGetter, owner: string): Visit {
  const { tokens, origins } = edge;
  const secure = origins.isSecure(header('host'));
  const cookie = header('cookie');
  const claims = claimsFromSessionCookie(tokens, cookie, secure);
  const person = claims?.person ? { person: claims.person.name } : {};
  if (!maySetCookie(header)) return { session: claims?.session ?? null, cookies: [], ...person };
  if (claims !== null) {
    const isRecent =
      hasCurrentName(cookie, claims.token, secure) &&
      readSluiceCookies(cookie, RENEWED_COOKIE, secure).flat().includes(claims.nonce);
    const renewed = [sessionCookie(claims.token, secure), renewedCookie(claims.nonce, secure)];
    return { session: claims.session, cookies: isRecent ? [] : renewed, ...person };
  }
  if (edge.people.auth !== 'none') return NO_SESSION;
  if (acceptsHtml(header)) {
    const isFirst = claimsFromFirstVisitCookie(tokens, cookie, secure) === null;
    const first = isFirst ? issueUnlessTooMany(edge, owner) : null;
    if (first === null) return NO_SESSION;
    return { session: null, cookies: [firstVisitCookie(first.token, secure)], first: first.session };
  }
  const issued = issueUnlessTooMany(edge, owner);
  if (issued === null) return NO_SESSION;
  return { session: issued.session, cookies: [sessionCookie(issued.token, secure)] };
}

export interface IssuedSession extends Visit {
  session: string;
  /** The token of a new session; null when the browser had one. */
  token: string | null;
  /**
   * A stored session named by a cookie that this server's key has not signed: the browser lost it. A cookie of another
   * Sluice on this host, which browsers send to every port, names no session stored here.
   */
  lost: string | null;
}

/**
 * `POST /api/sessions`: a browser gets the session it has, a program always gets a new one. Stores nothing.
 * @param isNew a new one also for a browser that has one: what it has is not its own
 * @throws SluiceError `too_many_requests`, `two_sessions`, `sign_in_required` where people sign in
 */
export function issueSession(
  edge: SessionEdge,
  header: HeaderGetter,
  owner: string,
  isNew = false,
): IssuedSession {
  const cookie = isBrowser(header) && !isNew ? header('cookie') : undefined;
  const secure = edge.origins.isSecure(header('host'));
  const existing = claimsFromCookies(edge.tokens, cookie, secure);
  if (existing === null && edge.people.auth !== 'none') throw new SluiceError('sign_in_required');
  const { session, token } = existing ?? issue(edge, owner);
  const cookies = [sessionCookie(token, secure)];
  if (claimsFromFirstVisitCookie(edge.tokens, cookie, secure) !== null)
    cookies.push(clearFirstVisitCookie(secure));
  return {
    session,
    token: existing === null ? token : null,
    lost:
      claimsFromSessionCookie(edge.tokens, cookie, secure) === null
        ? findLostSession(edge, cookie, secure)
        : null,
    cookies: maySetCookie(header) ? cookies : [],
  };
}

function issue({ tokens, visitors }: VisitEdge, owner: string): TokenClaims {
  visitors.newSession(owner);
  return tokens.issue();
}

function issueUnlessTooMany(edge: VisitEdge, owner: string): TokenClaims | null {
  try {
    return issue(edge, owner);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'too_many_requests') return null;
    throw thrown;
  }
}

function findLostSession(
  { storedSessions }: SessionEdge,
  cookie: string | undefined,
  secure: boolean,
): string | null {
  const values = readSluiceCookies(cookie, SESSION_COOKIE, secure).map((each) => each.toReversed());
  const named = values.flat().flatMap((value) => Tokens.unverifiedSession(value) ?? []);
  return named.find((session) => storedSessions.summary(session).downloads > 0) ?? null;
}

/** Not for cross-origin requests, nor for pages that are prefetched or prerendered. */
function maySetCookie(header: HeaderGetter): boolean {
  return !isCrossOrigin(header('sec-fetch-site')) && header('sec-purpose') === undefined;
}

/** Browsers name HTML in the Accept header of a navigation; programs accept anything. */
function acceptsHtml(header: HeaderGetter): boolean {
  return /\btext\/html\b/.test(header('accept') ?? '');
}

/** Browsers send Origin with every POST. */
function isBrowser(header: HeaderGetter): boolean {
  return header('origin') !== undefined || header('sec-fetch-site') !== undefined;
}
