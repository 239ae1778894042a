/**
 * The session cookie. Its value is the token; no script can read it. Another site's page can make a browser send it
 * with a link that is followed, which is a GET and changes nothing, and with nothing else (SameSite=Lax).
 */
export const SESSION_COOKIE = 'sluice_session';
/**
 * Its name over https. A browser takes a `__Host-` cookie from nobody but this very host over https, so that no other
 * subdomain can plant one. Source: RFC 6265bis, section 4.1.3.2.
 */
export const SECURE_SESSION_COOKIE = `__Host-${SESSION_COOKIE}`;

/** A year, in seconds: browsers keep none longer than 400 days. Set anew with each visit of the page. */
const MAX_AGE_SECONDS = 365 * 24 * 60 * 60;

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
 * All values that may be a session's, the best first: over https the cookie was called as over http until it got its
 * prefix, and who has that one keeps the list.
 */
export function readSessionCookies(header: string | null | undefined): string[] {
  return [...readCookies(header, SECURE_SESSION_COOKIE), ...readCookies(header, SESSION_COOKIE)];
}

/** @param secure whether the page is reached over https */
export function sessionCookie(token: string, secure: boolean): string {
  const parts = [
    `${secure ? SECURE_SESSION_COOKIE : SESSION_COOKIE}=${token}`,
    'Path=/',
    `Max-Age=${MAX_AGE_SECONDS}`,
    'HttpOnly',
    'SameSite=Lax',
  ];
  if (secure) parts.push('Secure');
  return parts.join('; ');
}
