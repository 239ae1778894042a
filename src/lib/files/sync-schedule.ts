/** When bytes that arrive have to be synced, so that a power cut costs little. Pure; the clock is passed in. */

/** How much may be fetched again after a power cut: the larger of the two. */
export const SYNC_EVERY_BYTES = 64 * 1024 * 1024;
export const SYNC_EVERY_MS = 10_000;

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
    if (this.#unsyncedBytes >= SYNC_EVERY_BYTES) return true;
    return this.#unsyncedBytes > 0 && nowMs - this.#startedMs >= SYNC_EVERY_MS;
  }

  /** A sync begins that covers all bytes so far. */
  start(nowMs: number): void {
    this.#unsyncedBytes = 0;
    this.#startedMs = nowMs;
  }
}

let lastSync: Promise<unknown> = Promise.resolve();

/** One such sync at a time over all downloads: those of finished files have the rest of the thread pool. */
export function syncInTurn<Result>(sync: () => Promise<Result>): Promise<Result> {
  const synced = lastSync.then(sync);
  lastSync = synced.catch(() => undefined);
  return synced;
}
