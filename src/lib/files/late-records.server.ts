/**
 * `synced` in the journal of a large file costs two syncs, for which "complete" would have to wait. It is of use only while
 * `done` is not stored, as long as the store is full or away: after a power cut then the file is not fetched again. So it is
 * recorded a moment later, unless the work dir is gone by then, as it nearly always is.
 */
import { realDisk } from './finish/disk.server.ts';
import { recordSynced } from './finish/journal.server.ts';

/** Fetching less again after a power cut costs less than two more syncs. */
const RECORD_FROM_BYTES = 16 * 1024 * 1024;
/** Longer than it takes to store `done`: 20 to 100 ms on a busy disk. */
const AFTER_MS = 1_000;

export class LateRecords {
  readonly #afterMs: number;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(afterMs = AFTER_MS) {
    this.#afterMs = afterMs;
  }

  /** The file that landed out of this work dir is on the disk. */
  add(workDir: string, bytes: number): void {
    if (bytes < RECORD_FROM_BYTES) return;
    clearTimeout(this.#timers.get(workDir));
    const timer = setTimeout(() => {
      this.#timers.delete(workDir);
      // Without it the file would be fetched again, no more.
      const recorded = recordSynced(workDir, realDisk).catch(() => undefined);
      this.#running.set(workDir, recorded);
      void recorded.then(() => this.#running.delete(workDir));
    }, this.#afterMs);
    this.#timers.set(workDir, timer.unref());
  }

  /** To be awaited before the work dir is emptied, renamed or used again. */
  async stop(workDir: string): Promise<void> {
    clearTimeout(this.#timers.get(workDir));
    this.#timers.delete(workDir);
    await this.#running.get(workDir);
  }

  /** What is due later is not done: the process ends, and its page cache stays. */
  async close(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#running.values());
  }
}
