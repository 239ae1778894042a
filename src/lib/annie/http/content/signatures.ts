/** How files begin (https://mimesniff.spec.whatwg.org/, and the formats' own documents). Pure. */

interface Signature {
  offset: number;
  /** A character for each. */
  bytes: string;
  type: string;
  /** What it begins with, besides. */
  beginning?: string;
}

const SIGNATURES: readonly Signature[] = [
  {
    offset: 30,
    bytes: 'mimetypeapplication/epub+zip',
    type: 'application/epub+zip',
    beginning: 'PK\x03\x04',
  },
  { offset: 0, bytes: 'PK\x03\x04', type: 'application/zip' },
  { offset: 0, bytes: '%PDF-', type: 'application/pdf' },
  { offset: 0, bytes: '%!PS-Adobe-', type: 'application/postscript' },
  { offset: 0, bytes: 'd8:announce', type: 'application/x-bittorrent' },
  { offset: 0, bytes: '!<arch>\ndebian', type: 'application/x-debian-package' },
  { offset: 188, bytes: 'G', type: 'video/mp2t', beginning: 'G@' },
  { offset: 0, bytes: '\x1f\x8b\x08', type: 'application/gzip' },
  { offset: 0, bytes: '7z\xbc\xaf\x27\x1c', type: 'application/x-7z-compressed' },
  { offset: 0, bytes: 'Rar!\x1a\x07', type: 'application/vnd.rar' },
  { offset: 0, bytes: 'BZh', type: 'application/x-bzip2' },
  { offset: 0, bytes: '\xfd7zXZ\0', type: 'application/x-xz' },
  { offset: 0, bytes: '\x28\xb5\x2f\xfd', type: 'application/zstd' },
  { offset: 0, bytes: '\x1aE\xdf\xa3', type: 'video/x-matroska' },
  { offset: 4, bytes: 'ftypqt  ', type: 'video/quicktime' },
  { offset: 4, bytes: 'ftypM4A ', type: 'audio/x-m4a' },
  { offset: 4, bytes: 'ftypM4B ', type: 'audio/x-m4b' },
  { offset: 4, bytes: 'ftypM4V ', type: 'video/x-m4v' },
  { offset: 4, bytes: 'ftyp3gp', type: 'video/3gpp' },
  { offset: 4, bytes: 'ftyphei', type: 'image/heic' },
  { offset: 4, bytes: 'ftypmif1', type: 'image/heic' },
  { offset: 4, bytes: 'ftypavif', type: 'image/avif' },
  { offset: 4, bytes: 'ftyp', type: 'video/mp4' },
  { offset: 257, bytes: 'ustar', type: 'application/x-tar' },
  { offset: 0, bytes: 'OggS', type: 'audio/ogg' },
  { offset: 0, bytes: 'fLaC', type: 'audio/flac' },
  { offset: 0, bytes: 'ID3', type: 'audio/mpeg' },
  { offset: 8, bytes: 'AVI ', type: 'video/x-msvideo' },
  { offset: 8, bytes: 'WAVE', type: 'audio/wav' },
  { offset: 8, bytes: 'WEBP', type: 'image/webp' },
  { offset: 0, bytes: '\x89PNG\r\n\x1a\n', type: 'image/png' },
  { offset: 0, bytes: '\xff\xd8\xff', type: 'image/jpeg' },
  { offset: 0, bytes: 'GIF8', type: 'image/gif' },
  { offset: 6, bytes: '\0\0\0\0', type: 'image/bmp', beginning: 'BM' },
  { offset: 0, bytes: 'FLV\x01', type: 'video/x-flv' },
];

/** @param start the first bytes, a character for each @returns null = unknown */
export function typeByBytes(start: string): string | null {
  // Both are EBML; the type of the document is in its first element (RFC 8794, section 11.2.3).
  if (start.startsWith('\x1aE\xdf\xa3') && start.slice(0, 64).includes('webm')) return 'video/webm';
  const found = SIGNATURES.find(
    ({ offset, bytes, beginning = '' }) => start.startsWith(bytes, offset) && start.startsWith(beginning),
  );
  return found?.type ?? null;
}
