/** What counts as an address that Sluice may be asked to fetch. Edge, session and engines all ask here. */
import { SluiceError } from './error.ts';

/** 8 kB. Longer ones break the command lines and logs of engines. */
export const MAX_URL_BYTES = 8192;

const encoder = new TextEncoder();
/** The URL parser silently drops tabs and line breaks and trims the rest: what was typed is then not what is fetched. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Of a name in other than Latin letters; in those of the wire a host has at most 253 (RFC 1035, section 2.3.4). */
const MAX_HOST_CHARS = 255;
/** The parser drops these wherever they stand (https://url.spec.whatwg.org/#url-parsing). */
const DROPPED = /[\t\n\r]+/g;
const HOST = /^[\0- ]*(?:[a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})([^/\\?#]*)/i;
/** What may become Punycode; escapes are undone before. */
const NOT_ASCII = /[^\0-\x7f]|%/;

/**
 * `URL.parse` in linear time, for text from strangers. Null also for what is longer than 8,192 characters, as it stands
 * or resolved, and for a host of more than 255 characters that is to become Punycode: that is quadratic, and 8 kB of
 * Chinese took 9 ms.
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

/** http or https, a host, no user name or password: what of an address is asked for anywhere. */
export function isFetchable({ protocol, hostname, username, password }: URL): boolean {
  const isWeb = protocol === 'http:' || protocol === 'https:';
  return isWeb && hostname !== '' && username === '' && password === '';
}

/**
 * The parsed form of an address somebody typed: http or https, at most 8,192 bytes of UTF-8 (as typed and as
 * normalised), a host, no control characters, no user name or password (they would end up in lists, logs and
 * file names).
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
