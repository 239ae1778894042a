/** Limits of the object model. Exceeding one is SluiceError `storage_limit`, which names it. */
import { SluiceError } from '../../protocol/error.ts';

export const LIMITS = {
  /** UTF-8. Cloudflare's cap. */
  keyBytes: 2048,
  /** JSON text, in UTF-16 units at most this, in UTF-8 at most three times it. Cloudflare: 2 MB with the key. */
  valueLength: 2 * 1024 * 1024,
  /** Values of some 2 kB that a turn may write: workerd's clusters fail to commit more than 2 MB of pages. */
  turnWrites: 100,
  /** Entries, and summed JSON text, of one list: page with `limit` and `startAfter`. Ours. */
  listEntries: 10_000,
  listLength: 16 * 1024 * 1024,
  /** One incoming socket message; a longer one closes the socket with 1009. */
  messageBytes: 64 * 1024,
  /** JSON text of a socket's attachment, UTF-16 units. */
  attachmentLength: 2048,
  /** UTF-16 units of an object's name. */
  idLength: 256,
  /** Events that wait for one object; the next are refused with `too_many_requests`. Ours. */
  mailboxEvents: 10_000,
} as const;

const encoder = new TextEncoder();

/** True when `text` takes more than `bytes` in UTF-8. Encodes only when the length leaves it open. */
export function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  if (text.length * 3 <= bytes) return false;
  return encoder.encode(text).length > bytes;
}

/** @throws SluiceError `storage_limit` */
export function checkKey(key: string): void {
  if (typeof key !== 'string') throw new TypeError('A key has to be a string.');
  if (isLongerThan(key, LIMITS.keyBytes)) throw limit(`A key is at most ${LIMITS.keyBytes} bytes of UTF-8.`);
  // A lone surrogate has no UTF-8 form: it would come back as another key.
  if (!key.isWellFormed()) throw limit('A key has to be well-formed Unicode.');
}

export function limit(message: string): SluiceError {
  return new SluiceError('storage_limit', message);
}
