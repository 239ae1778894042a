/** What has to be requested to continue a begun fragment. */
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { BLOCK_BYTES } from './fragment-keys.server.ts';
import type { FragmentPart } from './fragment-part.server.ts';
import type { ByteRange } from './fragment-place.ts';
import { isEvidence } from '../file/seam.server.ts';

/** Bytes before the missing ones that are compared with the disk where the server has no strong validator. */
const SEAM_BYTES = 16 * 1024;

export interface MissingRange {
  /** In the file; null = all of it. */
  range: ByteRange | null;
  /** In the fragment, where `range` begins. */
  from: number;
  /** With which the range, decrypted, has to begin. */
  saved: Buffer;
}

/** Of a part that cannot be of this fragment nothing is kept. */
export async function missingRangeOf(
  { url, range, key }: Fragment,
  part: FragmentPart,
): Promise<MissingRange> {
  // a block can be decrypted with the one before it
  const ivBytes = key === null ? 0 : BLOCK_BYTES;
  if (key !== null) part.keep(part.bytes - (part.bytes % BLOCK_BYTES));
  const origin = range?.start ?? 0;
  const end = range?.end ?? part.note?.seen.totalBytes ?? null;
  // not ours
  if (end !== null && part.bytes > end - origin) await part.drop();
  const { bytes, note } = part;
  if (bytes === 0 || note === null) return { range, from: 0, saved: Buffer.alloc(0) };
  const isMissing = end === null || bytes < end - origin;
  const isProven = note.url === url && note.seen.validators.ifRange !== null;
  const seamBytes = isProven && isMissing ? 0 : SEAM_BYTES;
  const from = Math.max(0, bytes - seamBytes - ivBytes);
  const saved = await part.read(from === 0 ? 0 : from + ivBytes);
  if (seamBytes > 0 && from > 0 && !isEvidence(saved)) {
    await part.drop();
    return { range, from: 0, saved: Buffer.alloc(0) };
  }
  return { range: range === null && from === 0 ? null : { start: origin + from, end }, from, saved };
}
