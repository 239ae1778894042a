/** Whether bytes that a server calls a page can be one, and what they are instead. Pure. */
import { wideCharsetOf } from '../../../protocol/text-kind.ts';
import { typeByBytes } from './signatures.ts';

/** https://mimesniff.spec.whatwg.org/#binary-data-byte */
// eslint-disable-next-line no-control-regex
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

/**
 * @param start the first bytes, a character for each
 * @returns null = it may be text. `type` null = unknown
 */
export function binaryKind(start: string, charset: string | null): { type: string | null } | null {
  const type = typeByBytes(start);
  if (
    type !== null &&
    (BINARY.test(start) || /^(%PDF-|PK|%!PS-Adobe-|d8:announce|!<arch>\ndebian)/.test(start))
  )
    return { type };
  // Its pages have zero bytes.
  const isWide = wideCharsetOf(Buffer.from(start.slice(0, 4), 'latin1')) !== null;
  return !isWide && !(charset ?? '').startsWith('utf-16') && BINARY.test(start) ? { type: null } : null;
}

/** A character for each byte, for patterns. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
