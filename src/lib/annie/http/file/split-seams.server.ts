/**
 * Where one connection has taken the tail of another's segment, the other receives a little more than its own: the same bytes.
 * A server whose parts are not what their heads say, as some caches' are, is found out so. What it sent is dropped, and the
 * connection that was there before goes on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { readAt } from '../../../files/read-at.server.ts';
import { BODY_FILE } from './saved-state.server.ts';
import type { Segment } from './segments.ts';

/** Fewer may be equal by chance, or zeros. */
export const SEAM_BYTES = 1024;
/** A slow server is not waited for longer: what has come is compared. */
export const SEAM_WAIT_MS = 2_000;
/** The other connection has delivered, and is about to write. */
const WRITE_WAIT_MS = 500;
const POLL_MS = 20;

/**
 * Called with the bytes that follow a segment which was shortened.
 * @param limit where the segment ended before, exclusive
 * @returns whether those after it were dropped, so that the segment goes on to `limit` again
 */
export type OnSeam = (segment: Segment, behind: Buffer, limit: number | null) => Promise<boolean>;

/** Whether what others have written behind a segment is not what its own body has there. @throws SluiceError `disk_*` */
export async function isOtherBehind(
  { end }: Segment,
  behind: Buffer,
  segments: readonly Segment[],
  workDir: string,
): Promise<boolean> {
  const next = segments.find(({ start }) => start === end);
  if (next === undefined || behind.length === 0) return false;
  for (let ms = 0; next.written === next.start && next.isBusy && ms < WRITE_WAIT_MS; ms += POLL_MS)
    await delay(POLL_MS);
  const bytes = Math.min(behind.length, SEAM_BYTES, next.written - next.start);
  if (bytes === 0) return false;
  return !behind.subarray(0, bytes).equals(await readAt(join(workDir, BODY_FILE), next.start, bytes));
}
