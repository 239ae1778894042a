/**
 * The extensions of media types, from the tables of `mime`. Its class is not used: it indexes all types at the start (4.5 ms of
 * CPU), and most names need none. Pure.
 */
import other from 'mime/types/other.js';
import standard from 'mime/types/standard.js';

const TABLES: Readonly<Record<string, readonly string[]>>[] = [standard, other];
/** Where people expect another extension than the tables' first, and types that they lack. */
const PREFERRED: Record<string, string> = {
  'application/postscript': 'ps',
  'application/x-gzip': 'gz',
  'application/x-pdf': 'pdf',
  'application/zstd': 'zst',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'image/jpeg': 'jpg',
  'image/jpg': 'jpg',
  'text/plain': 'txt',
  'video/quicktime': 'mov',
};
/** Other extensions that Chromium takes for a type (`net/base/mime_util.cc`). */
const ALSO: Record<string, readonly string[]> = {
  'image/jpeg': ['jfif', 'pjpeg', 'pjp'],
  'video/mp4': ['m4v'],
};
/** Types that servers give to anything. */
const GENERIC = new Set(['application/octet-stream', 'binary/octet-stream', 'application/force-download']);

/** All, without a dot, the usual one first; `[]` for a type that is unknown, or given to anything. */
export function extensionsOfType(type: string | null): string[] {
  if (type === null || GENERIC.has(type)) return [];
  const preferred = Object.hasOwn(PREFERRED, type) ? [PREFERRED[type] ?? ''] : [];
  const listed = [...TABLES, ALSO].flatMap((table) =>
    Object.hasOwn(table, type) ? (table[type] ?? []) : [],
  );
  // An asterisk marks an extension that belongs to another type.
  return [...preferred, ...listed.map((ext) => ext.replace('*', ''))];
}

let known: Set<string> | null = null;

/** Whether an extension has a type. */
export function isMeaningful(ext: string): boolean {
  known ??= new Set(
    TABLES.flatMap((table) => Object.values(table).flat()).map((each) => each.replace('*', '')),
  );
  return known.has(ext);
}

const TEXT_TYPE =
  /^text\/(?!html$)|[+/](?:json|xml)$|^application\/(?:(?:ecma|java)script|sql|toml|yaml|x-(?:csh|sh|subrip|tex))$/;
/** Those that the tables lack, or have under a type that is no text. */
const OTHER_TEXTS =
  'asc ass bat c cfg cs cue diff diz env go kt lrc m3u m3u8 md5 nzb patch ps1 py r rb reg sfv sha1 sha256 sha512 srt ssa swift tsx vbs';
let texts: Set<string> | null = null;

/** Whether files of this extension are text, of any format but that of pages. */
export function isTextExtension(ext: string): boolean {
  texts ??= new Set([
    ...OTHER_TEXTS.split(' '),
    ...TABLES.flatMap((table) => Object.entries(table).filter(([type]) => TEXT_TYPE.test(type)))
      .flatMap(([, exts]) => exts.map((each) => each.replace('*', '')))
      // Compressed ones, as svgz.
      .filter((each) => !each.endsWith('z')),
  ]);
  return texts.has(ext);
}
