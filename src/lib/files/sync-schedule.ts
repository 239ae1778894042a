/** When bytes that arrive have to be synced, so that a power cut costs little. Pure; the clock is passed in. */

/** How much may be fetched again after a power cut: the larger of the two. */
export const SYNC_EVERY_BYTES = 64 * 1024 * 1024;
export const SYNC_EVERY_MS = 10_000;

/**
 * @param newBytes received since the last sync
 * @param minBytes fewer are not worth a sync, however long ago the last one was
 */
export function isSyncDue(newBytes: number, sinceMs: number, minBytes = 1): boolean {
  return newBytes >= SYNC_EVERY_BYTES || (newBytes >= minBytes && sinceMs >= SYNC_EVERY_MS);
}

export class SyncSchedule {
  #unsyncedBytes = 0;
  #startedMs: number;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Bytes that have arrived since the last sync began. */
  get unsyncedBytes(): number {
    return this.#unsyncedBytes;
  }

  add(bytes: number): void {
    this.#unsyncedBytes += bytes;
  }

  isDue(nowMs: number): boolean {
    return isSyncDue(this.#unsyncedBytes, nowMs - this.#startedMs);
  }

  /** A sync begins that covers all bytes so far. */
  start(nowMs: number): void {
    this.#unsyncedBytes = 0;
    this.#startedMs = nowMs;
  }
}

let lastSync: Promise<unknown> = Promise.resolve();

/** One such sync at a time over all downloads: those of finished files have the rest of the thread pool. */
export function syncOneAtATime<Result>(sync: () => Promise<Result>): Promise<Result> {
  const synced = lastSync.then(sync);
  lastSync = synced.catch(() => undefined);
  return synced;
}
