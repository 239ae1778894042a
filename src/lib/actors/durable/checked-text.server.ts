/**
 * A checksum with each stored value: disks and memory flip bits, and SQLite checks the form of its pages, not what is in
 * them. It is the CRC-32 of the text, begun with a hash of the key, as 16 characters of white space after the JSON (two bits
 * each), so that every tool still reads the value as JSON. Values of earlier versions have no checksum.
 */
import { crc32 } from 'node:zlib';

const BLANKS = [' ', '\t', '\n', '\r'];
/** Of a byte each. */
const CODES = Array.from({ length: 256 }, (_, byte) =>
  [6, 4, 2, 0].map((shift) => BLANKS[(byte >> shift) & 3]).join(''),
);
const LENGTH = 16;
/** Whatever ends in this or less is white space. */
const SPACE = 0x20;

export function withChecksum(key: string, text: string): string {
  return text + checksum(key, text);
}

/** Whether a value was stored with a checksum. */
export function hasChecksum(stored: string): boolean {
  return stored.charCodeAt(stored.length - 1) <= SPACE;
}

/** The JSON text; null = it is damaged. A value without a checksum has to be JSON at least. */
export function checkedText(key: string, stored: unknown): string | null {
  if (typeof stored !== 'string') return null;
  if (!hasChecksum(stored)) return isJson(stored) ? stored : null;
  const text = stored.slice(0, -LENGTH);
  return stored.endsWith(checksum(key, text)) ? text : null;
}

/** The text as far as it can be shown, whether damaged or not. */
export function uncheckedText(stored: unknown): string | null {
  if (typeof stored !== 'string') return null;
  return hasChecksum(stored) ? stored.slice(0, -LENGTH) : stored;
}

/** One native call: hashing the key by another one took half as long again. */
function checksum(key: string, text: string): string {
  const sum = crc32(text, hashOf(key));
  return (
    (CODES[sum >>> 24] as string) +
    (CODES[(sum >>> 16) & 0xff] as string) +
    (CODES[(sum >>> 8) & 0xff] as string) +
    (CODES[sum & 0xff] as string)
  );
}

/** FNV-1a over UTF-16 units: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
