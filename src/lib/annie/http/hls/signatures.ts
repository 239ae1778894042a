/** What bytes begin with: media that a fragment may be, and what servers send instead. Pure. */

/** Hex digits; `..` = any byte. */
type Signature = string;

/** WebM, Ogg, FLAC, MPEG-PS, AC-3 and E-AC-3, WebVTT; H.264 and HEVC as streams of NAL units. */
const MEDIA: readonly Signature[] = [
  ...['1a45dfa3', '4f676753', '664c6143', '000001ba', '0b77', '574542565454', 'efbbbf574542565454'],
  ...['00000001', '00000106', '00000109', '00000140', '00000142', '00000146', '00000167'],
];
/** PNG, JPEG, GIF, BMP, WebP. */
const PICTURES: readonly Signature[] = [
  ...['89504e470d0a1a0a', 'ffd8ff', '47494638', '424d........00000000', '52494646........57454250'],
];
/** PDF, ZIP, gzip, RAR, 7-Zip. */
const ARCHIVES: readonly Signature[] = ['255044462d', '504b0304', '1f8b08', '52617221', '377abcaf'];

/** Boxes that a fragment or an initialisation part begins with (ISO/IEC 14496-12). */
const BOXES = new Set(
  'ftyp styp moov moof sidx ssix emsg prft free skip wide mdat uuid pdin meta udta mfra'.split(' '),
);
const PAGE = /^(\u00ef\u00bb\u00bf)?\s*<(!doctype html|html|head|body|script|!--|meta|title)/i;

/** Whether it is media, MPEG-TS apart. */
export function isMediaStart(start: Uint8Array): boolean {
  const text = latin1(start.subarray(0, 16));
  const [first = 0, second = 0, third = 0, fourth = 0] = start;
  // a size of 0 is to the end, and 1 a longer one that follows
  const isBoxSize = first > 0 || second > 0 || third > 0 || fourth >= 8 || fourth < 2;
  if (BOXES.has(text.slice(4, 8)) && isBoxSize) return true;
  if (first === 0xff && second >= 0xe0) return isAudioFrame(second, third);
  // packed audio has a tag in front (RFC 8216, section 3.4); versions 2.2 to 2.4 exist
  if (text.startsWith('ID3') && fourth >= 2 && fourth <= 4) return true;
  return beginsWith(start, MEDIA);
}

/** What it is instead of media, for a message; null = nothing that is known. */
export function otherThanMedia(start: Uint8Array): string | null {
  if (PAGE.test(latin1(start.subarray(0, 1024)))) return 'a web page';
  if (beginsWith(start, PICTURES)) return 'a picture';
  if (beginsWith(start, ARCHIVES)) return 'a document or an archive';
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
  if (beginsWith(bytes, ['fffe', 'feff'])) return true;
  for (const byte of bytes) if (byte < 0x20 && ![9, 10, 12, 13, 27].includes(byte)) return false;
  try {
    // a character may be cut at the end
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function beginsWith(start: Uint8Array, signatures: readonly Signature[]): boolean {
  return signatures.some((signature) => {
    const bytes = signature.match(/../g) ?? [];
    return bytes.every((hex, index) => hex === '..' || start[index] === Number.parseInt(hex, 16));
  });
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
