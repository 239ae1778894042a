/** What bytes begin with: media that a fragment may be, and what servers send instead. Pure. */
import { beginsAsPage } from '../../../protocol/text-kind.ts';
import { latin1 } from '../content/binary.ts';
import { typeByBytes } from '../content/signatures.ts';

/** Files that are also fragments. */
const MEDIA_TYPES = new Set(['video/x-matroska', 'audio/ogg', 'audio/flac']);
/** Streams: MPEG-PS, AC-3 and E-AC-3, WebVTT; H.264 and HEVC as NAL units. */
const STREAMS = [
  ...['\0\0\x01\xba', '\x0b\x77', 'WEBVTT', '\xef\xbb\xbfWEBVTT'],
  ...[
    '\0\0\0\x01',
    '\0\0\x01\x06',
    '\0\0\x01\x09',
    '\0\0\x01\x40',
    '\0\0\x01\x42',
    '\0\0\x01\x46',
    '\0\0\x01\x67',
  ],
];

/** Boxes that a fragment or an initialisation part begins with (ISO/IEC 14496-12). */
const BOXES = new Set(
  'ftyp styp moov moof sidx ssix emsg prft free skip wide mdat uuid pdin meta udta mfra'.split(' '),
);

/** Whether it is media, MPEG-TS apart. */
export function isMediaStart(start: Uint8Array): boolean {
  const text = latin1(start.subarray(0, 16));
  const [first = 0, second = 0, third = 0, fourth = 0] = start;
  if (isMp4Start(start)) return true;
  if (first === 0xff && second >= 0xe0) return isAudioFrame(second, third);
  // packed audio has a tag in front (RFC 8216, section 3.4); versions 2.2 to 2.4 exist
  if (text.startsWith('ID3') && fourth >= 2 && fourth <= 4) return true;
  if (STREAMS.some((bytes) => text.startsWith(bytes))) return true;
  return MEDIA_TYPES.has(typeByBytes(text) ?? '');
}

export function isMp4Start(start: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = start;
  // a size of 0 is to the end, and 1 a longer one that follows
  const isBoxSize = first > 0 || second > 0 || third > 0 || fourth >= 8 || fourth < 2;
  return isBoxSize && BOXES.has(latin1(start.subarray(4, 8)));
}

/** What it is instead of media, for a message; null = nothing that is known. */
export function otherThanMedia(start: Uint8Array): string | null {
  const text = latin1(start.subarray(0, 1024));
  if (beginsAsPage(text)) return 'a web page';
  const type = typeByBytes(text) ?? '';
  if (type.startsWith('image/')) return 'a picture';
  if (type.startsWith('application/')) return 'a document or an archive';
  return isText(start) ? 'a text' : null;
}

/** Of MPEG audio (layer II or III) or ADTS, none of whose fields has a reserved value. */
function isAudioFrame(second: number, third: number): boolean {
  const layer = second & 0x06;
  if (layer === 0) return second >= 0xf0 && ((third >> 2) & 15) < 13;
  return layer !== 0x06 && (second & 0x18) !== 0x08 && third >> 4 !== 15 && ((third >> 2) & 3) !== 3;
}

/** Printable UTF-8, or UTF-16 with its mark. */
function isText(start: Uint8Array): boolean {
  const bytes = start.subarray(0, 512);
  if (/^(\xff\xfe|\xfe\xff)/.test(latin1(bytes.subarray(0, 2)))) return true;
  for (const byte of bytes) if (byte < 0x20 && ![9, 10, 12, 13, 27].includes(byte)) return false;
  try {
    // a character may be cut at the end
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
