/**
 * Files without a strong validator: nothing in a response says that the rest belongs to the bytes that are here. So more
 * than the rest is requested, and what comes twice has to be the same.
 */
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { SluiceError } from '../../../protocol/error.ts';
import { readAt } from '../../../files/read-at.server.ts';
import type { Validators } from '../head/head.ts';
import { BODY_FILE } from './saved-state.server.ts';
import { readFirstBytes } from './tail-check.server.ts';

/** What wget, curl and aria2 do not compare at all; another version of a media file differs sooner. */
const SEAM_BYTES = 64 * 1024;

/** The first byte to request of a file of which `received` bytes are here. */
export function requestStart({ ifRange }: Validators, received: number): number {
  return ifRange === null ? Math.max(0, received - SEAM_BYTES) : received;
}

/**
 * Whether the body of a response begins with the bytes [start, received) that are in the work dir. They are taken out of
 * the stream.
 * @throws SluiceError network codes, `disk_*`; the signal's reason
 */
export async function continuesAt(
  seam: { start: number; received: number; workDir: string; onBytes?: (() => void) | undefined },
  body: Readable,
  signal: AbortSignal,
): Promise<boolean> {
  const { start, received, workDir, onBytes } = seam;
  const length = received - start;
  if (length === 0) return true;
  const known = await readAt(join(workDir, BODY_FILE), start, length);
  // From byte 0 on, all that is here is compared.
  if (start > 0 && !isEvidence(known)) return false;
  const sent = await readFirstBytes(body, length, signal, onBytes);
  if (!sent.equals(known.subarray(0, sent.length))) return false;
  if (sent.length < length) {
    throw new SluiceError('size_mismatch', 'The connection was closed before the announced end.');
  }
  body.read(length);
  return true;
}

/** Whether equal bytes show an equal version. Zeros before a seam are alike in any two. */
export function isEvidence(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte !== bytes[0]);
}

/** The bytes on the disk belong to another version, which no response reported. */
export function otherBytes(): SluiceError {
  return new SluiceError(
    'file_changed',
    'The file changed on the server: its bytes are not those that were fetched before. The download begins anew.',
  );
}
