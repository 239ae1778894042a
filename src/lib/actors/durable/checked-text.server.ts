/**
 * A checksum with each stored value: disks and memory flip bits, and SQLite checks the form of its pages, not what is in
 * them. Behind the JSON text stand a tab and 8 hex digits: CRC-32 of key and text. JSON as it is stored holds no tab, so
 * values of earlier versions, which have no checksum, are told apart.
 */
import { crc32 } from 'node:zlib';

const SEPARATOR = '\t';
const DIGITS = 8;

export function withChecksum(key: string, text: string): string {
  return text + SEPARATOR + checksum(key, text);
}

/** Whether a value was stored with a checksum. */
export function hasChecksum(stored: string): boolean {
  return stored.at(-DIGITS - 1) === SEPARATOR;
}

/** The JSON text; null = it is damaged. A value without a checksum has to be JSON at least. */
export function checkedText(key: string, stored: unknown): string | null {
  if (typeof stored !== 'string') return null;
  if (!hasChecksum(stored)) return isJson(stored) ? stored : null;
  const text = stored.slice(0, -DIGITS - 1);
  return stored.endsWith(checksum(key, text)) ? text : null;
}

/** The text as far as it can be shown, whether damaged or not. */
export function uncheckedText(stored: unknown): string | null {
  if (typeof stored !== 'string') return null;
  return hasChecksum(stored) ? stored.slice(0, -DIGITS - 1) : stored;
}

function checksum(key: string, text: string): string {
  return crc32(text, crc32(key)).toString(16).padStart(DIGITS, '0');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
