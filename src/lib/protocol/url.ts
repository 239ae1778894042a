/** Which addresses Sluice fetches. Used by the edge, sessions and engines. */
import { SluiceError } from './error.ts';

/** 8 kB. Longer ones break the command lines and logs of engines. */
export const MAX_URL_BYTES = 8192;

const encoder = new TextEncoder();
/** The URL parser silently drops tabs and line breaks: the fetched address would not be the one that was typed. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
/** For host names that become Punycode; on the wire a host has at most 253 characters (RFC 1035, section 2.3.4). */
const MAX_HOST_CHARS = 255;
/** The parser drops these everywhere (https://url.spec.whatwg.org/#url-parsing). */
const DROPPED = /[\t\n\r]+/g;
const HOST = /^[\0- ]*(?:[a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})([^/\\?#]*)/i;
/** What may become Punycode; percent-escapes are decoded before. */
const NOT_ASCII = /[^\0-\x7f]|%/;

/**
 * `URL.parse` in linear time, for untrusted text. Null also for more than 8,192 characters, before or after resolving,
 * and for a host of more than 255 characters that becomes Punycode: that is quadratic, 8 kB of Chinese took 9 ms.
 */
export function parseUrl(text: string, base?: URL): URL | null {
  if (text.length > MAX_URL_BYTES || hasLongHost(text)) return null;
  const url = URL.parse(text, base);
  return url === null || url.href.length > MAX_URL_BYTES ? null : url;
}

function hasLongHost(text: string): boolean {
  if (text.length <= MAX_HOST_CHARS) return false;
  const host = HOST.exec(text.replace(DROPPED, ''))?.[1] ?? '';
  return host.length > MAX_HOST_CHARS && NOT_ASCII.test(host);
}

/** A name with a dot, `localhost` or an IP address, perhaps a port, then the end or a path. */
const NO_SCHEME =
  /^(?:\/\/)?((?:localhost|\[[\da-f:.]{2,45}\]|\d{1,3}(?:\.\d{1,3}){3}|(?:[\p{L}\p{N}_-]{1,63}\.){1,12}(?:xn--[a-z\d-]{1,59}|\p{L}{2,63}))\.?(?::\d{1,5})?(?:[/?#].*)?)$/isu;

/** What was typed, with https if it is an address without a scheme. */
export function withScheme(text: string): { text: string; isAdded: boolean } {
  const trimmed = text.trim();
  const found = trimmed.length > MAX_URL_BYTES ? null : NO_SCHEME.exec(trimmed);
  return found ? { text: `https://${found[1]}`, isAdded: true } : { text: trimmed, isAdded: false };
}

/** http or https, with a host, without user name and password. */
export function isFetchable({ protocol, hostname, username, password }: URL): boolean {
  const isWeb = protocol === 'http:' || protocol === 'https:';
  return isWeb && hostname !== '' && username === '' && password === '';
}

/**
 * Parses an address that was typed: http or https, at most 8,192 bytes of UTF-8 (as typed and as normalised), a host, no
 * control characters, no user name or password (they would end up in lists, logs and file names).
 * @throws SluiceError `url_too_long`, `invalid_url`, `unsupported_scheme`
 */
export function checkUrl(text: string): URL {
  if (text.length > MAX_URL_BYTES || encoder.encode(text).length > MAX_URL_BYTES) {
    throw new SluiceError('url_too_long');
  }
  const trimmed = text.trim();
  const url = CONTROL.test(trimmed) || hasLongHost(trimmed) ? null : URL.parse(trimmed);
  if (url === null) throw new SluiceError('invalid_url');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new SluiceError('unsupported_scheme');
  if (url.username !== '' || url.password !== '') {
    throw new SluiceError('invalid_url', 'An address with a user name or password in it is not taken.');
  }
  if (url.hostname === '') throw new SluiceError('invalid_url');
  if (url.href.length > MAX_URL_BYTES) throw new SluiceError('url_too_long');
  return url;
}
