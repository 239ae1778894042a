/**
 * The extensions of media types, from the tables of `mime`. Its class is not used: it indexes all types at the start (4.5 ms of
 * CPU), and most names need none. Pure.
 */
import other from 'mime/types/other.js';
import standard from 'mime/types/standard.js';
import { AUDIO, VIDEO } from '../../../protocol/extension.ts';

const TABLES: Readonly<Record<string, readonly string[]>>[] = [standard, other];
/** Where people expect another extension than the tables' first, and types that they lack. */
const PREFERRED: Record<string, string> = {
  'application/font-woff': 'woff',
  'application/postscript': 'ps',
  'application/x-gzip': 'gz',
  'application/x-mobipocket-ebook': 'mobi',
  'application/x-pdf': 'pdf',
  'application/zstd': 'zst',
  'audio/aac': 'aac',
  'audio/flac': 'flac',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'audio/webm': 'webm',
  'audio/x-m4b': 'm4b',
  'image/jpeg': 'jpg',
  'image/jpg': 'jpg',
  'image/pjpeg': 'jpg',
  'image/x-png': 'png',
  'text/plain': 'txt',
  'video/quicktime': 'mov',
};
/** Other extensions that Chromium takes for a type (`net/base/mime_util.cc`). */
const ALSO: Record<string, readonly string[]> = {
  'application/gzip': ['tgz', 'taz'],
  'application/x-gzip': ['tgz', 'taz'],
  'audio/webm': ['weba'],
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

/** Formats, besides those that play, whose files cannot be words. Many others can: `.obj`, `.sig`, `.dot`, `.step`. */
const BINARY = new Set(
  (
    '7z apk apks appimage avif bmp bz2 cab cbr cbz crx deb dll dmg doc docx eot epub exe gem gif gz heic ico img ipa iso ' +
    'jar jfif jpeg jpg jxl lz4 lzh lzma mobi msi nupkg odp ods odt otf pdf pkg png ppt pptx psd rar rpm swf tar tbz tgz ' +
    'tif tiff ttf txz vhd vhdx vmdk wasm webp whl wim woff woff2 xls xlsx xpi xz zip zst'
  ).split(' '),
);

/** Whether files of this extension are never text. `ts` is TypeScript, too. */
export function isBinaryExtension(ext: string): boolean {
  return BINARY.has(ext) || (ext !== 'ts' && (VIDEO.has(ext) || AUDIO.has(ext)));
}

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
