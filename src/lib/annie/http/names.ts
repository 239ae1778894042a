/** Names and extensions of what lies behind an address. Suggestions only: the runner makes them safe. Pure. */

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

const VIDEO = new Set([
  '3gp',
  'avi',
  'flv',
  'm4v',
  'mkv',
  'mov',
  'mp4',
  'mpeg',
  'mpg',
  'ogv',
  'ts',
  'webm',
  'wmv',
]);
const AUDIO = new Set([
  'aac',
  'aif',
  'aiff',
  'flac',
  'm4a',
  'm4b',
  'mka',
  'mp3',
  'oga',
  'ogg',
  'opus',
  'wav',
  'weba',
  'wma',
]);
const IMAGE = new Set(['avif', 'gif', 'jpeg', 'jpg', 'png', 'svg', 'webp']);

export type FileKind = 'video' | 'audio' | 'image' | 'file';

/** `mp4` of `clip.MP4`; `''` when there is none that looks like one (1–8 letters and digits, not all digits). */
export function extensionOf(name: string): string {
  const match = /\.([a-z0-9]{1,8})$/i.exec(name);
  const ext = match?.[1]?.toLowerCase() ?? '';
  return /^\d*$/.test(ext) ? '' : ext;
}

/** The last part of the path, unescaped where that gives text; `''` for a bare host. */
export function nameInUrl(url: URL): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** A name for the file: what the server says, else the address, with an extension where the type gives one. */
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

export function kindOf(contentType: string | null, ext: string): FileKind {
  const family = contentType?.split('/')[0];
  if (family === 'video' || family === 'audio' || family === 'image') return family;
  if (VIDEO.has(ext)) return 'video';
  if (AUDIO.has(ext)) return 'audio';
  return IMAGE.has(ext) ? 'image' : 'file';
}

/** Whether a link to this path is worth offering as media by its extension alone. */
export function looksLikeMedia(url: URL): boolean {
  const ext = extensionOf(url.pathname);
  return VIDEO.has(ext) || AUDIO.has(ext) || ext === 'm3u8';
}
