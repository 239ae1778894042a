/**
 * A checksum with each stored value: disks and memory flip bits, and SQLite checks the form of its pages, not what is in
 * them. It is the CRC-32 of the text, begun with a hash of the object's name and the key, as 16 characters of white space
 * after the JSON (two bits each), so that every tool still reads the value as JSON. Values of version 2 have one that does not
 * cover the object, until they are written again; those of version 1 have none.
 */
import { crc32 } from 'node:zlib';
import type { ActorName } from './store.ts';

const BLANKS = [' ', '\t', '\n', '\r'];
/** Of a byte each. */
const CODES = Array.from({ length: 256 }, (_, byte) =>
  [6, 4, 2, 0].map((shift) => BLANKS[(byte >> shift) & 3]).join(''),
);
const LENGTH = 16;
/** Of FNV-1a. */
const OFFSET = 0x811c9dc5;
/** Whatever ends in this or less is white space. */
const SPACE = 0x20;

/** Where the checksums of an object's values begin. */
export function seedOf(actor: ActorName): number {
  return hashOf(`${actor.class}\0${actor.id}\0`, OFFSET);
}

/** @param seed see `seedOf` */
export function withChecksum(seed: number, key: string, text: string): string {
  return text + checksum(seed, key, text);
}

/** Whether a value was stored with a checksum. */
export function hasChecksum(stored: string): boolean {
  return stored.charCodeAt(stored.length - 1) <= SPACE;
}

/** The JSON text; null = it is damaged. A value without a checksum has to be JSON at least. */
export function checkedText(seed: number, key: string, stored: unknown): string | null {
  if (typeof stored !== 'string') return null;
  if (!hasChecksum(stored)) return isJson(stored) ? stored : null;
  const text = stored.slice(0, -LENGTH);
  return stored.endsWith(checksum(seed, key, text)) || stored.endsWith(checksum(OFFSET, key, text))
    ? text
    : null;
}

/** Whether it was stored by this object under this key, by this version. */
export function hasOwnChecksum(seed: number, key: string, stored: unknown): boolean {
  return typeof stored === 'string' && stored.endsWith(checksum(seed, key, stored.slice(0, -LENGTH)));
}

/** The text as far as it can be shown, whether damaged or not. */
export function uncheckedText(stored: unknown): string | null {
  if (typeof stored !== 'string') return null;
  return hasChecksum(stored) ? stored.slice(0, -LENGTH) : stored;
}

/** One native call: hashing the key by another one took half as long again. */
function checksum(seed: number, key: string, text: string): string {
  const sum = crc32(text, hashOf(key, seed));
  return (
    (CODES[sum >>> 24] as string) +
    (CODES[(sum >>> 16) & 0xff] as string) +
    (CODES[(sum >>> 8) & 0xff] as string) +
    (CODES[sum & 0xff] as string)
  );
}

/** Continues FNV-1a over UTF-16 units: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string, from: number): number {
  let hash = from;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
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
