/** Suggests names and extensions for files; the runner makes them safe. Pure. */
import { AUDIO, extensionOf, IMAGE, VIDEO } from '../../protocol/extension.ts';

export { extensionOf };

const EXTENSION_OF_TYPE: Record<string, string> = {
  'application/gzip': 'gz',
  'application/json': 'json',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'audio/aac': 'aac',
  'audio/flac': 'flac',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'audio/webm': 'weba',
  'audio/x-wav': 'wav',
  'image/gif': 'gif',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
  'text/plain': 'txt',
  'video/mp2t': 'ts',
  'video/mp4': 'mp4',
  'video/ogg': 'ogv',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
  'video/x-matroska': 'mkv',
};

export type FileMediaType = 'video' | 'audio' | 'image' | 'file';

/** The last part of the path, unescaped if it can be; `''` for a bare host. */
export function nameInUrl(url: URL): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** The server's name for the file, else that in the address, with the extension of its type if it has none. */
export function fileNameFor(url: URL, disposition: string | null, contentType: string | null): string {
  const name = disposition ?? (nameInUrl(url) || url.hostname);
  const known = contentType === null ? undefined : EXTENSION_OF_TYPE[contentType];
  const complete = extensionOf(name) !== '' && (disposition !== null || nameInUrl(url) !== '');
  return complete || known === undefined ? name : `${name}.${known}`;
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
