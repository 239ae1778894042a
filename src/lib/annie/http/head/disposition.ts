/**
 * The file name in a Content-Disposition, as Chromium reads it (`net/http/http_content_disposition.cc`), which is more than
 * RFC 6266 allows: without a type, percent-encoded, as RFC 2047 words, in any charset. Pure, and linear.
 */
import { bytesOf, decodeBytes, decodeStrictly, percentDecoded } from './header-text.ts';

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Of all values that are tried: a name of 255 bytes has 765 percent-encoded, and comes twice at most. */
const MAX_NAME_CHARS = 4096;
/** Each value costs as much as this many characters of one, each word a microsecond. */
const VALUE_CHARS = 16;
const MAX_WORDS = 500;
const WORD = /^=\?([\w-]{1,40})(?:\*[^?]*)?\?([bq])\?([^?]*)\?=$/i;

/**
 * @param header its bytes (`header-text.ts`)
 * @param charset that the response declares; null = none
 * @returns unchecked, it may be hostile; null = there is none that can be read
 */
export function fileNameIn(header: string, charset: string | null): string | null {
  let plain: string | null = null;
  let extended: string | null = null;
  let leftChars = MAX_NAME_CHARS;
  for (const part of partsOf(header)) {
    const equals = part.indexOf('=');
    // Longer than any that counts.
    if (equals < 0 || equals > MAX_NAME_CHARS) continue;
    const key = part.slice(0, equals).trim().toLowerCase();
    if (key !== 'filename' && key !== 'filename*') continue;
    const value = part.slice(equals + 1).trim();
    if (value.length > leftChars) continue;
    leftChars -= value.length + VALUE_CHARS;
    if (key === 'filename') plain ??= decodePlain(unquoted(value), charset)?.trim() || null;
    else extended ??= decodeExtended(value)?.trim() || null;
  }
  return extended ?? plain;
}

/** Between semicolons outside of quotes; a quote that is never closed ends with the header. */
function* partsOf(header: string): Generator<string> {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < header.length; at++) {
    const character = header[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) at++;
    else if (character === ';' && !isQuoted) {
      yield header.slice(start, at);
      start = at + 1;
    }
  }
  yield header.slice(start);
}

/** Whether the file is to be saved, not shown: Chromium takes any type but `inline` as `attachment`. */
export function isAttachment(header: string | undefined): boolean {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return TOKEN.test(type) && type !== 'inline';
}

/** The last quote ends it, whatever is inside; without one, nothing is unescaped. */
function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  const isClosed = value.length > 1 && value.endsWith('"');
  return isClosed ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value.slice(1);
}

/** RFC 8187: `charset'language'percent-encoded`. */
function decodeExtended(value: string): string | null {
  const match = /^([\w-]{1,40})'[^']*'([\x20-\x7e]*)$/.exec(value);
  return match ? decodeStrictly(percentDecoded(match[2] ?? ''), match[1] ?? '') : null;
}

/** Words between blanks, each by itself; null if one cannot be read, and for more than 500. */
function decodePlain(value: string, charset: string | null): string | null {
  let text = '';
  let isEncoded = false;
  const words = value.split(/([ \t\r\n])/);
  if (words.length > 2 * MAX_WORDS) return null;
  for (const word of words) {
    if (/^[ \t\r\n]$/.test(word)) {
      // Blanks between two encoded words are no part of the name (RFC 2047, section 6.2).
      if (!isEncoded) text += ' ';
    } else if (word !== '') {
      const encoded = decodeWord(word);
      const decoded = encoded ?? decodeOther(word, charset);
      if (decoded === null) return null;
      isEncoded = encoded !== null;
      text += decoded;
    }
  }
  return text;
}

/** An encoded word of RFC 2047; null = it is none, or cannot be read. */
function decodeWord(word: string): string | null {
  const [, charset = '', encoding = '', text = ''] = WORD.exec(word) ?? [];
  if (charset === '') return null;
  const bytes =
    encoding.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64')
      : percentDecoded(text.replaceAll('_', ' ').replaceAll('%', '%25').replaceAll('=', '%'));
  return decodeStrictly(bytes, charset);
}

function decodeOther(word: string, charset: string | null): string | null {
  if (word.startsWith('=?')) return null;
  if (!/[^\0-\x7f]|%/.test(word)) return word;
  const bytes = bytesOf(word);
  // Chromium takes the charset of its system; what is neither UTF-8 nor declared was mostly ISO 8859-1.
  if (/[^\0-\x7f]/.test(word)) return decodeBytes(bytes, charset) ?? decodeStrictly(bytes, 'latin1');
  return decodeBytes(percentDecoded(word), charset);
}
