/** What an event says of a row. Pure. */
import type { DownloadRow } from './row.ts';

/** @param event whether the engine waits for a server's first byte, and when that was said, in ms since 1970 */
export function awaitingAfter(
  { awaitingSince }: Pick<DownloadRow, 'awaitingSince'>,
  { isAwaiting = false, at }: { isAwaiting?: boolean; at: number },
): Pick<DownloadRow, 'awaitingSince'> {
  if (isAwaiting) return { awaitingSince: awaitingSince ?? at };
  return awaitingSince === undefined ? {} : { awaitingSince: null };
}

/** Its work dir has no bytes any more. */
export function isEmptied({ state, error }: Pick<DownloadRow, 'state' | 'error'>): boolean {
  return state === 'cancelled' || error?.code === 'checksum_mismatch' || error?.code === 'work_removed';
}
