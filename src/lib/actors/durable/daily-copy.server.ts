/**
 * A copy of the store beside it, at most a day old while the server runs, which a person can restore when the disk has
 * damaged the store. A new copy is checked before it replaces the last one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { dailyCopyOf, finishCopy, unfinishedOf } from './copies.server.ts';
import { CHECKED_BYTES, inspectStore } from './inspect.server.ts';

/** A store that can be copied while it is in use. */
export interface CopiedStore {
  copyTo(file: string): Promise<void>;
}

export interface DailyCopyOptions {
  /** Called when a copy fails: the last one stays. */
  onError: (error: unknown) => void;
  /** Larger stores are not copied, as checking them takes too long. */
  maxBytes?: number;
}

const DAY_MS = 86_400_000;
/** The delay after the start, which has enough other work. */
const FIRST_LOOK_MS = 60_000;
const LOOK_MS = 3_600_000;
/** Copies only if the free space is this many times the size, so as not to fill the disk. */
const FREE_TIMES = 4;

export class DailyCopy {
  readonly #store: CopiedStore;
  readonly #file: string;
  readonly #options: Required<DailyCopyOptions>;
  #timer: NodeJS.Timeout | null = null;
  #copying: Promise<void> | null = null;

  /** @param file the store's path */
  constructor(store: CopiedStore, file: string, options: DailyCopyOptions) {
    this.#store = store;
    this.#file = file;
    this.#options = { maxBytes: CHECKED_BYTES, ...options };
  }

  /** Checks after a minute, and then every hour. */
  keep(): void {
    const look = (): void => {
      void this.refresh();
      this.#timer = setTimeout(look, LOOK_MS).unref();
    };
    this.#timer = setTimeout(look, FIRST_LOOK_MS).unref();
  }

  /** Makes a new copy when the last one is a day old. Never rejects. */
  async refresh(): Promise<void> {
    this.#copying ??= this.#refresh().finally(() => (this.#copying = null));
    await this.#copying;
  }

  /** Before the store is closed. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#copying;
  }

  async #refresh(): Promise<void> {
    const copy = dailyCopyOf(this.#file);
    const unfinished = unfinishedOf(copy);
    try {
      if (this.#isYoung(copy) || !this.#hasRoom()) return;
      fs.rmSync(unfinished, { force: true });
      await this.#store.copyTo(unfinished);
      inspectStore(unfinished, Infinity, 0);
      finishCopy(copy);
    } catch (error) {
      fs.rmSync(unfinished, { force: true });
      this.#options.onError(error);
    }
  }

  #isYoung(copy: string): boolean {
    const ageMs = Date.now() - (fs.statSync(copy, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity);
    return ageMs < DAY_MS;
  }

  #hasRoom(): boolean {
    const bytes = [this.#file, `${this.#file}-wal`]
      .map((part) => fs.statSync(part, { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size);
    const { bavail, bsize } = fs.statfsSync(path.dirname(this.#file));
    return bytes <= this.#options.maxBytes && bavail * bsize >= FREE_TIMES * bytes;
  }
}
