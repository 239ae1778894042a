/**
 * The charset of a page or feed: byte order mark, header, then what its first bytes declare
 * (https://html.spec.whatwg.org/#determining-the-character-encoding). Pure.
 */
import { wideCharsetOf } from '../../protocol/text-kind.ts';
import { decodeText } from '../text.ts';

/** The standard has 1024 (#prescan-a-byte-stream-to-determine-its-encoding); Chromium reads on to the end of the head. */
const PRESCAN_BYTES = 64 * 1024;
const META = /<meta\s[^>]{0,512}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([\w.:-]{1,40})/i;
const XML = /^\s*<\?xml\s[^>]{0,256}?encoding\s{0,8}=\s{0,8}["']([\w.:-]{1,40})/i;
const COMMENTS = /<!--[^]*?(?:-->|$)/g;

/** @param declared in the header; null = none. An unknown one does not count. */
export function decodePage(chunks: readonly Uint8Array[], declared: string | null): string {
  const first = chunks[0] ?? new Uint8Array();
  const mark = markOf(first);
  const charset = mark ?? labelOf(declared) ?? labelOf(declaredIn(startOf(chunks)), true);
  if (charset !== null) return decodeText(chunks, charset);
  // What most undeclared pages are today, else the standard's fallback.
  const text = decodeText(chunks, 'utf-8');
  return isUtf8(text) ? text : decodeText(chunks, 'windows-1252');
}

/** Bytes of other charsets are rarely valid UTF-8 by chance; a page may have been cut within a character. */
function isUtf8(text: string): boolean {
  let [valid, invalid] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0xfffd) invalid++;
    else if (code > 0x7f) valid++;
  }
  return invalid <= valid;
}

function markOf(bytes: Uint8Array): string | null {
  const [a, b, c] = bytes;
  return a === 0xef && b === 0xbb && c === 0xbf ? 'utf-8' : wideCharsetOf(bytes);
}

function startOf(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (chunks.length < 2 || (first?.length ?? 0) >= PRESCAN_BYTES) return first ?? new Uint8Array();
  const parts: Uint8Array[] = [];
  for (let at = 0, bytes = 0; at < chunks.length && bytes < PRESCAN_BYTES; at++) {
    const chunk = chunks[at] ?? new Uint8Array();
    parts.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(
    parts,
    Math.min(
      PRESCAN_BYTES,
      parts.reduce((sum, { length }) => sum + length, 0),
    ),
  );
}

function declaredIn(bytes: Uint8Array): string | null {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, PRESCAN_BYTES));
  return (XML.exec(start) ?? META.exec(start.replace(COMMENTS, '')))?.[1] ?? null;
}

/** The standard's name of a charset; null = unknown. @param isInside read in the page, which therefore is no UTF-16 */
function labelOf(charset: string | null, isInside = false): string | null {
  if (charset === null) return null;
  try {
    const { encoding } = new TextDecoder(charset);
    return isInside && encoding.startsWith('utf-16') ? 'utf-8' : encoding;
  } catch {
    return null;
  }
}
