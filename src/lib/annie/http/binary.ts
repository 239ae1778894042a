/** Whether bytes that a server calls a page can be one, and what they are instead. Pure. */

/** How files begin, by type (https://mimesniff.spec.whatwg.org/, and the formats' own documents). */
const SIGNATURES: [offset: number, bytes: string, type: string][] = [
  [0, 'PK\x03\x04', 'application/zip'],
  [0, '%PDF-', 'application/pdf'],
  [0, '\x1f\x8b', 'application/gzip'],
  [0, '7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed'],
  [0, 'Rar!\x1a\x07', 'application/vnd.rar'],
  [0, 'BZh', 'application/x-bzip2'],
  [0, '\xfd7zXZ\0', 'application/x-xz'],
  [0, '\x28\xb5\x2f\xfd', 'application/zstd'],
  [0, '\x1aE\xdf\xa3', 'video/x-matroska'],
  [4, 'ftyp', 'video/mp4'],
  [0, 'OggS', 'audio/ogg'],
  [0, 'fLaC', 'audio/flac'],
  [0, 'ID3', 'audio/mpeg'],
  [8, 'AVI ', 'video/x-msvideo'],
  [8, 'WAVE', 'audio/wav'],
  [8, 'WEBP', 'image/webp'],
  [0, '\x89PNG\r\n\x1a\n', 'image/png'],
  [0, '\xff\xd8\xff', 'image/jpeg'],
  [0, 'GIF8', 'image/gif'],
  [0, 'FLV\x01', 'video/x-flv'],
];
/** https://mimesniff.spec.whatwg.org/#binary-data-byte */
// eslint-disable-next-line no-control-regex
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;
/** Of UTF-16, in which pages have zero bytes. */
const MARK = /^(?:\xff\xfe|\xfe\xff)/;

/**
 * @param start the first bytes, a character for each
 * @returns null = it may be text. `type` null = unknown
 */
export function binaryKind(start: string, charset: string | null): { type: string | null } | null {
  const found = SIGNATURES.find(([offset, bytes]) => start.startsWith(bytes, offset));
  if (found && (BINARY.test(start) || /^(%PDF-|PK)/.test(start))) return { type: found[2] };
  const isWide = MARK.test(start) || (charset ?? '').startsWith('utf-16');
  return !isWide && BINARY.test(start) ? { type: null } : null;
}
