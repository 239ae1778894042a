/** Media types by file name extension. */

export const VIDEO = new Set([
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
export const AUDIO = new Set([
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
export const IMAGE = new Set(['avif', 'gif', 'jpeg', 'jpg', 'png', 'svg', 'webp']);

/** `mp4` of `clip.MP4`; `''` when there is none that looks like one (1–8 letters and digits, not all digits). */
export function extensionOf(name: string): string {
  const match = /\.([a-z0-9]{1,8})$/i.exec(name);
  const ext = match?.[1]?.toLowerCase() ?? '';
  return /^\d*$/.test(ext) ? '' : ext;
}

/** Whether a link to this path is worth offering as media by its extension alone. */
export function looksLikeMedia(path: string): boolean {
  const ext = extensionOf(path);
  return VIDEO.has(ext) || AUDIO.has(ext) || ext === 'm3u8';
}
