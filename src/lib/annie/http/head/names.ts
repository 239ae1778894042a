/** Suggests names and extensions for files; the runner makes them safe. Pure. */
import { AUDIO, extensionOf, IMAGE, VIDEO } from '../../../protocol/extension.ts';
import { decodeStrictly, percentDecoded } from './header-text.ts';
import { extensionsOfType, isMeaningful, isTextExtension } from './mime-types.ts';

export { extensionOf };

/** Names of programs on the server, not of what they send. */
const PROGRAMS = new Set(
  'action ashx asmx asp aspx axd cfm cgi fcgi jsp jspx php php3 php4 php5 php7 php8 phtml'.split(' '),
);

/** Of pages, and of programs that make them. */
export function isPageExtension(ext: string): boolean {
  return PROGRAMS.has(ext) || /^([sx]?html?|mhtml)$/.test(ext);
}

/** Whether an address names a file that is neither a page nor text. */
export function namesBytes(url: string): boolean {
  const ext = extensionOf(URL.parse(url)?.pathname ?? '');
  return isMeaningful(ext) && !isTextExtension(ext) && !isPageExtension(ext);
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
 * that of a program (`get.php`) and, as in Chromium, any in an address with a query (`photo.png?as=jpg`); no name
 * begins with a full stop.
 */
export function fileNameFor(url: URL, disposition: string | null, contentType: string | null): string {
  const inUrl = disposition === null ? nameInUrl(url) : '';
  const name = (disposition ?? inUrl).replace(/^\.+(?![./\\])/, '') || url.hostname;
  const ofType = extensionsOfType(contentType);
  const [known] = ofType;
  if (known === undefined) return name;
  const ext = extensionOf(name);
  if (ext === '' || (disposition === null && inUrl === '')) return `${name}.${known}`;
  const isProgram = isPageExtension(ext) || url.search !== '';
  // As text, the program itself.
  const isReplaced = disposition === null && isProgram && contentType !== 'text/plain';
  return isReplaced && !ofType.includes(ext) ? `${stemOf(name)}.${known}` : name;
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
