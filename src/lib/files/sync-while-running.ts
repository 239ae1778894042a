/**
 * When the files of running downloads are synced: a power cut then costs little, and the last sync, for which "complete"
 * waits, is short. Pure.
 */

/** How much may be fetched again after a power cut: the larger of the two, and what comes while a sync runs. */
export const SYNC_EVERY_BYTES = 64 * 1024 * 1024;
export const SYNC_EVERY_MS = 10_000;

/**
 * @param newBytes received since the last sync
 * @param minBytes fewer are not worth a sync, however long ago the last one was
 */
export function isSyncDue(newBytes: number, sinceMs: number, minBytes = 1): boolean {
  return newBytes >= SYNC_EVERY_BYTES || (newBytes >= minBytes && sinceMs >= SYNC_EVERY_MS);
}

let last: Promise<unknown> = Promise.resolve();

/** Runs one sync at a time over all downloads: those of finished files have the rest of the thread pool. */
export function syncInTurn<Result>(sync: () => Promise<Result>): Promise<Result> {
  const result = last.then(sync);
  last = result.catch(() => undefined);
  return result;
}
