/** The session cookie. Its value is the token; no script can read it and no other site can make a browser send it. */
export const SESSION_COOKIE = 'sluice_session';

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

/** @param secure whether the page is reached over https */
export function sessionCookie(token: string, secure: boolean): string {
  const parts = [
    `${SESSION_COOKIE}=${token}`,
    'Path=/',
    `Max-Age=${MAX_AGE_SECONDS}`,
    'HttpOnly',
    'SameSite=Strict',
  ];
  if (secure) parts.push('Secure');
  return parts.join('; ');
}
