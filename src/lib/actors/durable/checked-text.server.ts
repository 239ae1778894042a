/**
 * A checksum with each stored value: disks and memory flip bits, and SQLite checks the form of its pages, not what is in
 * them. It is CRC-32 of key and text, in 16 characters of white space behind the JSON (two bits each): what is stored is
 * JSON still, for every tool. JSON as earlier versions stored it ends in none.
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

function checksum(key: string, text: string): string {
  const sum = crc32(text, crc32(key));
  return [24, 16, 8, 0].map((shift) => CODES[(sum >>> shift) & 0xff]).join('');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
