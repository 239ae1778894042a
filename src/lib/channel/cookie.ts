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

/** Says who has signed in with the browser before: `people/known-browsers.ts`. */
export const KNOWN_COOKIE = 'sluice_known';
/** A sign-in that is under way: `people/oidc/attempts.ts`. */
export const SIGNING_IN_COOKIE = 'sluice_signing_in';

/**
 * Name prefix over https. Browsers accept such a cookie only from this very host over https, and for `/` alone, so neither
 * another subdomain nor a server without https can plant one. Source: RFC 6265bis, section 4.1.3.2.
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
 * As `readCookies`, in groups, each of which counts before the next. Over https the prefixed name comes first. Earlier versions
 * used the plain one there too: browsers that still have that cookie keep their session until it is replaced. Over http the
 * prefix says nothing: Chromium takes such a cookie from any port of this machine.
 */
export function readSluiceCookies(
  header: string | null | undefined,
  name: string,
  isSecure: boolean,
): string[][] {
  const [plain, prefixed] = [readCookies(header, name), readCookies(header, HOST_PREFIX + name)];
  return isSecure ? [prefixed, plain] : [[...plain, ...prefixed]];
}

/** Whether the request has the cookie under the name that it gets now. */
export function hasCurrentName(cookie: string | null | undefined, token: string, isSecure: boolean): boolean {
  return readCookies(cookie, (isSecure ? HOST_PREFIX : '') + SESSION_COOKIE).includes(token);
}

/**
 * Removes the session cookies that others may have planted for this request. Ours are for `/` and this host alone: what was sent
 * for a longer path, or for a domain, is not ours.
 * @param path of the request, without a query
 * @param host its Host
 */
export function removePlantedCookies(path: string, host: string | undefined, isSecure: boolean): string[] {
  const parts = path
    .split('/')
    .slice(1, 1 + MAX_PATH_PARTS)
    .filter((part) => part !== '');
  const longer = parts.flatMap((_, at) => {
    const upTo = `/${parts.slice(0, at + 1).join('/')}`;
    return upTo === path ? [upTo] : [upTo, `${upTo}/`];
  });
  const places = [
    ...longer.map((each) => `Path=${each}`),
    ...domainsOf(host).flatMap((domain) => ['/', ...longer].map((each) => `Domain=${domain}; Path=${each}`)),
  ];
  const names = [SESSION_COOKIE, FIRST_VISIT_COOKIE];
  const plain = places
    .filter((place) => /^[\w.=/; -]+$/.test(place))
    .flatMap((place) => names.map((name) => `${name}=; ${place}; Max-Age=0; HttpOnly`));
  const prefixed = names.map((name) => `${HOST_PREFIX}${name}=; Path=/; Max-Age=0; HttpOnly; Secure`);
  return isSecure ? plain : [...plain, ...prefixed];
}

/** Ours have fewer. */
const MAX_PATH_PARTS = 4;
const MAX_DOMAINS = 3;

/**
 * For which a server of the same site can set a cookie. None for an address or a name without dots: there browsers take a cookie
 * of the domain for one of the host (RFC 6265, section 5.3.5), which would remove ours.
 */
function domainsOf(host = ''): string[] {
  const labels = host.replace(/:\d*$/, '').split('.');
  if (/^\d*$/.test(labels.at(-1) ?? '') || host.startsWith('[')) return [];
  return labels
    .map((_, at) => labels.slice(at).join('.'))
    .filter((domain) => domain.includes('.'))
    .slice(0, MAX_DOMAINS);
}

/** @param secure the page was requested over https */
export function sessionCookie(token: string, secure: boolean): string {
  return setCookieLine(SESSION_COOKIE, token, MAX_AGE_SECONDS, secure);
}

export function clearSessionCookie(secure: boolean): string {
  return setCookieLine(SESSION_COOKIE, '', 0, secure);
}

export function knownCookie(value: string, secure: boolean): string {
  return setCookieLine(KNOWN_COOKIE, value, MAX_AGE_SECONDS, secure);
}

export function renewedCookie(nonce: string, secure: boolean): string {
  return setCookieLine(RENEWED_COOKIE, nonce, RENEWED_MAX_AGE_SECONDS, secure);
}

export function signingInCookie(value: string, maxAgeSeconds: number, secure: boolean): string {
  return setCookieLine(SIGNING_IN_COOKIE, value, maxAgeSeconds, secure);
}

/** All values under the name that it gets, in this place alone. */
export function readSigningInCookies(header: string | null | undefined, secure: boolean): string[] {
  return readCookies(header, (secure ? HOST_PREFIX : '') + SIGNING_IN_COOKIE);
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
