/**
 * The session cookie. Its value is the session token; scripts cannot read it. From another site a browser sends it only
 * when a link is followed (SameSite=Lax), and such a GET changes nothing.
 */
export const SESSION_COOKIE = 'sluice_session';
/**
 * A temporary cookie set with a browser's first page, until that page has asked for a session. It is used only where
 * there is no session cookie, so it replaces none, however late it arrives and however many tabs are opened at once.
 */
export const FIRST_VISIT_COOKIE = 'sluice_first';

/**
 * Says that the session cookie was set less than a month ago; its value is that token's nonce. Until it expires no page sets
 * the cookie again: a page that is on its way while a link opens another session would put the old one back.
 */
export const RENEWED_COOKIE = 'sluice_renewed';

/**
 * Name prefix over https. Browsers accept such a cookie only from this very host over https, so another subdomain cannot
 * plant one. Source: RFC 6265bis, section 4.1.3.2.
 */
const HOST_PREFIX = '__Host-';

/** One year; browsers cap it at 400 days. Renewed by a visit of the page, a month after the last time at the earliest. */
const MAX_AGE_SECONDS = 365 * 24 * 60 * 60;
const RENEWED_MAX_AGE_SECONDS = 30 * 24 * 60 * 60;
/** Long enough for the page to load over a slow line and ask for its session. */
const FIRST_VISIT_MAX_AGE_SECONDS = 120;

/**
 * All values of one cookie in a Cookie header, in order. There can be several: another program on this host, on any port,
 * can set one too.
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
 * As `readCookies`, under both names of a Sluice cookie, ours first: the prefixed one, which nobody else can set, then the
 * last one. Browsers send those of longer paths first (RFC 6265, section 5.4), and ours is for `/`: a valid one that was
 * planted for `/api` would make this browser use the planter's session. Earlier versions used the plain name over https
 * too: browsers that still have that cookie keep their session.
 */
export function readSluiceCookies(header: string | null | undefined, name: string): string[] {
  return [HOST_PREFIX + name, name].flatMap((each) => readCookies(header, each).reverse());
}

/** @param secure the page was requested over https */
export function sessionCookie(token: string, secure: boolean): string {
  return setCookieLine(SESSION_COOKIE, token, MAX_AGE_SECONDS, secure);
}

export function clearSessionCookie(secure: boolean): string {
  return setCookieLine(SESSION_COOKIE, '', 0, secure);
}

export function renewedCookie(nonce: string, secure: boolean): string {
  return setCookieLine(RENEWED_COOKIE, nonce, RENEWED_MAX_AGE_SECONDS, secure);
}

export function firstVisitCookie(token: string, secure: boolean): string {
  return setCookieLine(FIRST_VISIT_COOKIE, token, FIRST_VISIT_MAX_AGE_SECONDS, secure);
}

export function clearFirstVisitCookie(secure: boolean): string {
  return setCookieLine(FIRST_VISIT_COOKIE, '', 0, secure);
}

function setCookieLine(name: string, value: string, maxAgeSeconds: number, secure: boolean): string {
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
