/** What counts as an address that Sluice may be asked to fetch. Edge, session and engines all ask here. */
import { SluiceError } from './error.ts';

/** 8 kB. Longer ones break the command lines and logs of engines. */
export const MAX_URL_BYTES = 8192;

const encoder = new TextEncoder();
/** The URL parser silently drops tabs and line breaks and trims the rest: what was typed is then not what is fetched. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

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
  const url = CONTROL.test(trimmed) ? null : URL.parse(trimmed);
  if (url === null) throw new SluiceError('invalid_url');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new SluiceError('unsupported_scheme');
  if (url.username !== '' || url.password !== '') {
    throw new SluiceError('invalid_url', 'An address with a user name or password in it is not taken.');
  }
  if (url.hostname === '') throw new SluiceError('invalid_url');
  if (url.href.length > MAX_URL_BYTES) throw new SluiceError('url_too_long');
  return url;
}
