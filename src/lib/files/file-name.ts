/**
 * Names for finished files. What comes in was written by a server, a page or a person and may be anything; what
 * goes out is a base name that Linux, macOS and Windows all take and that looks like what it is.
 */

/** Contract: at most 200 bytes of UTF-8 (file systems allow 255; the rest is room for tools that add a suffix). */
export const MAX_NAME_BYTES = 200;
/** Kept free so that ` (99)` fits without cutting the name again. */
const NUMBER_ROOM_BYTES = 5;
/** Longer "extensions" are text after a full stop. */
const MAX_EXT_CHARS = 16;
/** Only this much of a hostile name is looked at: its start, and its end for the extension. */
const LOOK_AT_START = 2048;
const LOOK_AT_END = 128;

/** Tabs, line and paragraph separators and every kind of space read as one space. */
const SPACES = /[\p{Z}\t\n\v\f\r\u0085]+/gu;
/** Control characters, and the format class: bidi overrides and isolates, zero-width, BOM, soft hyphen, tags. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;
/** Path separators and what Windows refuses, after https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const RESERVED_CHARACTERS = /[<>:"/\\|?*]/g;
/** Device names, with or without an extension; ¹²³ count as digits there. Same source. */
const RESERVED_NAMES = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/iu;
const EXTENSION = new RegExp(`^(.*?)((?:\\.tar)?\\.(?=[a-z0-9]*[a-z])[a-z0-9]{1,${MAX_EXT_CHARS}})$`, 'is');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const encoder = new TextEncoder();

export interface SafeNameOptions {
  /** Stem to use when nothing is left of the suggested one. */
  fallback?: string;
  /** Extension without the dot, added when the name has none. */
  ext?: string | null;
}

/**
 * A base name for `suggested`: NFC, no control, bidi or invisible characters, no separators, none of Windows'
 * reserved characters and names, no dot or space at either end, at most 195 UTF-8 bytes (so that a number fits),
 * cut between graphemes with the extension kept, never empty. Its own results come back unchanged.
 */
export function safeFileName(suggested: string, options: SafeNameOptions = {}): string {
  const { fallback = 'download', ext = null } = options;
  const [stem, given] = splitExtension(clean(suggested));
  const wanted = ext === null ? '' : splitExtension(`x.${ext}`)[1];
  const name = fit(
    trimEdges(stem) || trimEdges(clean(fallback)) || 'download',
    given || (wanted === `.${ext}` ? wanted : ''),
    MAX_NAME_BYTES - NUMBER_ROOM_BYTES,
  );
  // a cut can lay bare what was hidden by what came after: a device name, an extension
  return name === suggested ? name : safeFileName(name, options);
}

/** `clip.mp4` → `clip (2).mp4`, at most 200 UTF-8 bytes whatever the number. `name` is a safe one. */
export function numbered(name: string, n: number): string {
  const [stem, extension] = splitExtension(name);
  return fit(stem, ` (${n})${extension}`, MAX_NAME_BYTES);
}

/** Whether this is a name that `safeFileName` or `numbered` could have given. */
export function isSafeFileName(name: string): boolean {
  return (
    name !== '' &&
    encoder.encode(name).length <= MAX_NAME_BYTES &&
    clean(name) === name &&
    trimEdges(name) === name &&
    !RESERVED_NAMES.test(name)
  );
}

/** Stem and extension (with its dot, `''` when there is none): `.tar.gz` counts as one, `v1.2` as no extension. */
export function splitExtension(name: string): [stem: string, extension: string] {
  const match = EXTENSION.exec(name);
  return match ? [match[1] ?? '', match[2] ?? ''] : [name, ''];
}

function clean(text: string): string {
  const looked =
    text.length > LOOK_AT_START + LOOK_AT_END
      ? text.slice(0, LOOK_AT_START) + text.slice(-LOOK_AT_END)
      : text;
  const whole = looked
    .toWellFormed()
    .replace(SPACES, ' ')
    .replace(INVISIBLE, '')
    .replace(/ {2,}/g, ' ')
    .normalize('NFC')
    .replace(RESERVED_CHARACTERS, '_');
  return trimEnd(whole);
}

function trimEdges(text: string): string {
  return trimEnd(text.replace(/^[. ]+/, ''));
}

/** Not by `/[. ]+$/`, which looks at each run of them from each of its places. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '.' || text[end - 1] === ' ')) end--;
  return text.slice(0, end);
}

/** `stem` shortened until `stem + tail` is within `maxBytes`; the tail is never cut. */
function fit(stem: string, tail: string, maxBytes: number): string {
  const safe = RESERVED_NAMES.test(stem + tail) ? `_${stem}` : stem;
  const room = maxBytes - encoder.encode(tail).length;
  return cut(safe, room) + tail;
}

function cut(text: string, maxBytes: number): string {
  if (encoder.encode(text).length <= maxBytes) return text;
  const whole = take(
    Array.from(graphemes.segment(text), ({ segment }) => segment),
    maxBytes,
  );
  // one letter under hundreds of combining marks: better half of it than nothing
  const kept = trimEdges(whole) || trimEdges(take(Array.from(text), maxBytes));
  return kept || '_';
}

function take(parts: string[], maxBytes: number): string {
  let bytes = 0;
  let text = '';
  for (const part of parts) {
    bytes += encoder.encode(part).length;
    if (bytes > maxBytes) break;
    text += part;
  }
  return text;
}
