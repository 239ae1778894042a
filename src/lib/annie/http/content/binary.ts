/** Whether bytes that a server calls a page can be one, and what they are instead. Pure. */
import { typeByBytes } from './signatures.ts';

/** https://mimesniff.spec.whatwg.org/#binary-data-byte */
// eslint-disable-next-line no-control-regex
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;
/** Of UTF-16, in which pages have zero bytes. */
const MARK = /^(?:\xff\xfe|\xfe\xff)/;

/**
 * @param start the first bytes, a character for each
 * @returns null = it may be text. `type` null = unknown
 */
export function binaryKind(start: string, charset: string | null): { type: string | null } | null {
  const type = typeByBytes(start);
  if (type !== null && (BINARY.test(start) || /^(%PDF-|PK)/.test(start))) return { type };
  const isWide = MARK.test(start) || (charset ?? '').startsWith('utf-16');
  return !isWide && BINARY.test(start) ? { type: null } : null;
}
