/**
 * The session cookie. Its value is the token; no script can read it. Another site's page can make a browser send it
 * with a link that is followed, which is a GET and changes nothing, and with nothing else (SameSite=Lax).
 */
export const SESSION_COOKIE = 'sluice_session';
/**
 * What a browser gets with its first page, until that page has asked for a session. It counts only where there is no
 * session cookie, so it can replace none, however late it arrives and however many tabs are opened at once.
 */
export const FIRST_VISIT_COOKIE = 'sluice_first';

/**
 * Before their names over https. A browser takes such a cookie from nobody but this very host over https, so that no
 * other subdomain can plant one. Source: RFC 6265bis, section 4.1.3.2.
 */
const HOST_PREFIX = '__Host-';

/** A year, in seconds: browsers keep none longer than 400 days. Set anew with each visit of the page. */
const MAX_AGE_SECONDS = 365 * 24 * 60 * 60;
/** Long enough for a page on a slow line to ask. */
const FIRST_VISIT_SECONDS = 120;

/**
 * The values of one cookie in a Cookie header, in order. There can be several: a planted one for another path
 * comes first, so all have to be looked at.
 */
export function readCookies(header: string | null | undefined, name: string): string[] {
  const values: string[] = [];
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) values.push(pair.slice(at + 1).trim());
  }
  return values;
}

/**
 * As `readCookies`, under both names that a cookie of ours can have, the safer one first. Before there was a prefix the
 * plain name was used over https too: a browser that still has that cookie keeps its list.
 */
export function readOwnCookies(header: string | null | undefined, name: string): string[] {
  return [...readCookies(header, HOST_PREFIX + name), ...readCookies(header, name)];
}

/** @param secure whether the page is reached over https */
export function sessionCookie(token: string, secure: boolean): string {
  return ownCookie(SESSION_COOKIE, token, MAX_AGE_SECONDS, secure);
}

export function firstVisitCookie(token: string, secure: boolean): string {
  return ownCookie(FIRST_VISIT_COOKIE, token, FIRST_VISIT_SECONDS, secure);
}

/** Takes the first visit's cookie away again. */
export function noFirstVisitCookie(secure: boolean): string {
  return ownCookie(FIRST_VISIT_COOKIE, '', 0, secure);
}

function ownCookie(name: string, value: string, maxAgeSeconds: number, secure: boolean): string {
  const parts = [
    `${secure ? HOST_PREFIX : ''}${name}=${value}`,
    'Path=/',
    `Max-Age=${maxAgeSeconds}`,
    'HttpOnly',
    'SameSite=Lax',
  ];
  if (secure) parts.push('Secure');
  return parts.join('; ');
}
