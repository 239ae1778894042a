/**
 * What a text from a server is, by its beginning: for the engine, which decides what to do with an answer, and for the readers.
 * Pages are known as browsers know them (https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type).
 */

export type TextKind = 'hls' | 'dash' | 'page' | 'feed' | 'json-feed';

/** Behind each the spec wants a blank or `>`; pages have line breaks there too. Behind a comment's beginning it wants nothing. */
const PAGE =
  /^<(?:(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>]|!--)/i;
const FEED = /^<(?:rss|(?:atom:)?feed|rdf:rdf)[\s>]/i;
const DASH = /^<(?:\w{1,20}:)?MPD[\s>]/;
/** The version that makes a feed of JSON (https://www.jsonfeed.org/version/1.1/), which is in its first kB. */
const JSON_FEED = /"https?:\\?\/\\?\/jsonfeed\.org\\?\/version\\?\/1/;
/** What may be before the root element of XML, and how it ends. */
const PROLOG = [
  ['<!--', '-->'],
  ['<?', '?>'],
  ['<!', '>'],
] as const;
/** How a page, XML or a playlist in UTF-16 begins without a mark. */
const WIDE = /^(?:(<\0[!?a-z]\0|#\0E\0)|\0<\0[!?a-z]|\0#\0E)/i;

/** @param start of the text; some kB of XML may be comments */
export function textKindOf(start: string): TextKind | null {
  const text = withoutMark(start);
  if (text.startsWith('#EXTM3U')) return 'hls';
  if (text.startsWith('{')) return JSON_FEED.test(text) ? 'json-feed' : null;
  const root = withoutProlog(text);
  if (FEED.test(root)) return 'feed';
  if (DASH.test(root)) return 'dash';
  return beginsAsPage(text) ? 'page' : null;
}

/** Whether it begins as a page does, in any case and behind blanks. */
export function beginsAsPage(start: string): boolean {
  return PAGE.test(withoutMark(start));
}

/** Behind a byte order mark, as a character or as three, and blanks. */
export function withoutMark(start: string): string {
  return start.replace(/^(?:\ufeff|\u00ef\u00bb\u00bf)?\s*/, '');
}

/** Of UTF-16, by its byte order mark or by the zeros beside its first character; null = it is none that is known. */
export function wideCharsetOf(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  const found = WIDE.exec(String.fromCharCode(...bytes.subarray(0, 4)));
  return found === null ? null : found[1] === undefined ? 'utf-16be' : 'utf-16le';
}

/** For patterns: the text of UTF-16, else a character for each byte. */
export function startText(bytes: Uint8Array): string {
  const wide = wideCharsetOf(bytes);
  if (wide !== null) return new TextDecoder(wide).decode(bytes.subarray(0, bytes.length & ~1));
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

function withoutProlog(text: string): string {
  let rest = text;
  for (;;) {
    const [begin, end] = PROLOG.find(([each]) => rest.startsWith(each)) ?? [];
    if (begin === undefined) return rest;
    // With declarations of its own, as of entities.
    const close = /^<!doctype[^[>]*\[/i.test(rest) ? ']>' : end;
    const at = rest.indexOf(close, begin.length);
    if (at === -1) return '';
    rest = rest.slice(at + close.length).trimStart();
  }
}
