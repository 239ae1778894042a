/**
 * Names for finished files. The suggested name comes from a server, a page or a person and may be anything; the
 * result is a base name that Linux, macOS and Windows accept and that displays as what it is.
 */

/** UTF-8. File systems allow 255: the rest is for tools that add a suffix. */
export const MAX_NAME_BYTES = 200;
/** Kept free so that ` (99)` fits without truncating the name again. */
const NUMBER_BYTES = 5;
/** Longer "extensions" are text after a full stop. */
const MAX_EXT_CHARS = 16;
/** Of a longer name only its start is read, and its end for the extension. */
const START_CHARS = 2048;
const END_CHARS = 128;

/** Replaced by one space: tabs, line and paragraph separators and every kind of space. */
const SPACES = /[\p{Z}\t\n\v\f\r\u0085]+/gu;
/** Control and format characters: bidi overrides and isolates, zero-width, BOM, soft hyphen, tags. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;
/** Path separators and what Windows rejects: https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const RESERVED_CHARACTERS = /[<>:"/\\|?*]/g;
/** Device names, with or without an extension; ¹²³ count as digits there. Same source. */
const RESERVED_NAMES = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/iu;
const EXTENSION = new RegExp(`^(.*?)((?:\\.tar)?\\.(?=[a-z0-9]*[a-z])[a-z0-9]{1,${MAX_EXT_CHARS}})$`, 'is');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const encoder = new TextEncoder();

interface SafeNameOptions {
  /** Stem to use when the suggested one is empty once cleaned. */
  fallback?: string;
  /** Extension without the dot, added when the name has none. */
  ext?: string | null;
}

/**
 * A base name for `suggested`: NFC, no control, bidi or invisible characters, no separators, none of Windows'
 * reserved characters and names, no dot or space at either end, at most 195 UTF-8 bytes (so that a number fits),
 * truncated between graphemes with the extension kept, never empty. Idempotent.
 */
export function safeFileName(suggested: string, options: SafeNameOptions = {}): string {
  const { fallback = 'download', ext = null } = options;
  const [stem, given] = splitExtension(clean(suggested));
  const wanted = ext === null ? '' : splitExtension(`x.${ext}`)[1];
  const name = joinWithin(
    trimEdges(stem) || trimEdges(clean(fallback)) || 'download',
    given || (wanted === `.${ext}` ? wanted : ''),
    MAX_NAME_BYTES - NUMBER_BYTES,
  );
  // Truncating can expose a device name or an extension.
  return name === suggested ? name : safeFileName(name, options);
}

/** The number of a volume of a split archive (7-Zip, RAR, PAR2), by which its program finds the others. */
const VOLUME = /^(.+?)(\.(?:\d{3}|0\d{3}|part\d{1,4}\.(?:rar|exe)|vol\d{1,6}\+\d{1,6}\.par2))$/is;

/**
 * `clip.mp4` → `clip (2).mp4`, `backup.7z.001` → `backup.7z (2).001`, at most 200 UTF-8 bytes whatever the number. `name`
 * must be safe.
 */
export function numbered(name: string, n: number): string {
  const [, ...volume] = VOLUME.exec(name) ?? [];
  const [stem = name, extension = ''] = volume.length > 0 ? volume : splitExtension(name);
  return joinWithin(stem, ` (${n})${extension}`, MAX_NAME_BYTES);
}

/** Whether `safeFileName` or `numbered` could have returned this name. */
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
  const bounded =
    text.length > START_CHARS + END_CHARS ? text.slice(0, START_CHARS) + text.slice(-END_CHARS) : text;
  const cleaned = bounded
    .toWellFormed()
    .replace(SPACES, ' ')
    .replace(INVISIBLE, '')
    .replace(/ {2,}/g, ' ')
    .normalize('NFC')
    .replace(RESERVED_CHARACTERS, '_');
  return trimEnd(cleaned);
}

function trimEdges(text: string): string {
  return trimEnd(text.replace(/^[. ]+/, ''));
}

/** `/[. ]+$/` would take quadratic time: it tries each run from each of its positions. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '.' || text[end - 1] === ' ')) end--;
  return text.slice(0, end);
}

/** `stem + tail` within `maxBytes`: only the stem is truncated. */
function joinWithin(stem: string, tail: string, maxBytes: number): string {
  const safe = RESERVED_NAMES.test(stem + tail) ? `_${stem}` : stem;
  return truncate(safe, maxBytes - encoder.encode(tail).length) + tail;
}

function truncate(text: string, maxBytes: number): string {
  if (encoder.encode(text).length <= maxBytes) return text;
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment);
  // One letter with hundreds of combining marks is longer than `maxBytes`: then it is split.
  const kept = trimEdges(joinFirst(segments, maxBytes)) || trimEdges(joinFirst(Array.from(text), maxBytes));
  return kept || '_';
}

function joinFirst(parts: string[], maxBytes: number): string {
  let bytes = 0;
  let text = '';
  for (const part of parts) {
    bytes += encoder.encode(part).length;
    if (bytes > maxBytes) break;
    text += part;
  }
  return text;
}
