/** Suggests names and extensions for files; the runner makes them safe. Pure. */
import mime from 'mime';
import { AUDIO, extensionOf, IMAGE, VIDEO } from '../../protocol/extension.ts';
import { percentDecoded } from './disposition.ts';
import { decodeStrictly } from './header-text.ts';

export { extensionOf };

/** Where people expect another extension than the table's first, and types that it lacks. */
const EXTENSION_OF_TYPE: Record<string, string> = {
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

/** Types that servers give to anything. */
const GENERIC_TYPES = new Set([
  'application/octet-stream',
  'binary/octet-stream',
  'application/force-download',
]);
/** Names of programs on the server, not of what they send. */
const PROGRAMS = new Set(
  'action ashx asmx asp aspx axd cfm cgi dll do exe fcgi jsp jspx php php3 php4 php5 php7 php8 phtml pl py rb'.split(
    ' ',
  ),
);

/** Of pages, and of programs that make them. */
export function isPageExtension(ext: string): boolean {
  return PROGRAMS.has(ext) || /^([sx]?html?|mhtml)$/.test(ext);
}

export type FileMediaType = 'video' | 'audio' | 'image' | 'file';

/** The last part of the path without its parameters (`;jsessionid=…`), unescaped if it can be; `''` for a bare host. */
export function nameInUrl(url: URL): string {
  const parts = url.pathname.split('/').map((part) => part.split(';', 1)[0] ?? '');
  const last = parts.findLast((part) => part !== '') ?? '';
  return decodeStrictly(percentDecoded(last), 'utf-8') ?? last;
}

/**
 * The server's name for the file, else that in the address. The type gives the extension if there is none, and replaces
 * that of a program (`get.php`) and, in an address with a query, one that means nothing (`a.bin?id=1`), as in Chromium.
 */
export function fileNameFor(url: URL, disposition: string | null, contentType: string | null): string {
  const inUrl = disposition === null ? nameInUrl(url) : '';
  const name = disposition ?? (inUrl || url.hostname);
  const known = typeExtensionOf(contentType);
  if (known === null) return name;
  const ext = extensionOf(name);
  if (ext === '' || (disposition === null && inUrl === '')) return `${name}.${known}`;
  const isReplaced =
    disposition === null && (isPageExtension(ext) || (url.search !== '' && isMeaningless(ext)));
  const isOfType = mime.getAllExtensions(contentType ?? '')?.has(ext) === true;
  return isReplaced && !isOfType ? `${stemOf(name)}.${known}` : name;
}

/** Null for a type that is unknown, or given to anything. */
function typeExtensionOf(contentType: string | null): string | null {
  if (contentType === null || GENERIC_TYPES.has(contentType)) return null;
  return EXTENSION_OF_TYPE[contentType] ?? mime.getExtension(contentType);
}

/** Of no type that is known, or only of a generic one. */
function isMeaningless(ext: string): boolean {
  return ext === 'bin' || mime.getType(ext) === null;
}

/** The name without its extension. */
export function stemOf(name: string): string {
  const ext = extensionOf(name);
  return ext === '' ? name : name.slice(0, -ext.length - 1);
}

export function mediaTypeOf(contentType: string | null, ext: string): FileMediaType {
  const family = contentType?.split('/')[0];
  if (family === 'video' || family === 'audio' || family === 'image') return family;
  if (VIDEO.has(ext)) return 'video';
  if (AUDIO.has(ext)) return 'audio';
  return IMAGE.has(ext) ? 'image' : 'file';
}
