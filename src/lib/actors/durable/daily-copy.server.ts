/**
 * Copies of the store beside it, one a day for the last seven days in which it was used, to restore when the store is
 * damaged or lost. A copy is checked before it replaces the last one; a copy with under half its values replaces none and
 * is kept beside it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import {
  type StoreCopy,
  copiesOf,
  dailyCopyOf,
  finishCopy,
  olderDailyCopyOf,
  smallCopyOf,
  unfinishedOf,
} from './copies.server.ts';
import { CHECKED_BYTES, inspectStore } from './inspect.server.ts';
import { rowsOf } from './store-task.server.ts';

/** A store that can be copied while it is in use. */
export interface CopiedStore {
  copyTo(file: string): Promise<void>;
}

interface DailyCopyOptions {
  /** Called when a copy fails: the last one stays. */
  onError: (error: unknown) => void;
  /** Larger stores are not copied, as checking them takes too long. */
  maxBytes?: number;
}

const DAY_MS = 86_400_000;
/** The delay after the start, which has enough other work. */
const FIRST_CHECK_MS = 60_000;
const CHECK_MS = 3_600_000;
/** Copies only if the free space is this many times the size, so as not to fill the disk. */
const FREE_TIMES = 4;
/** Copies of each kind that are kept. */
const KEPT = 7;
/** A copy with less than this share of the previous one's values does not replace it. */
const MIN_SHARE = 0.5;

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
    const check = (): void => {
      void this.refresh();
      this.#timer = setTimeout(check, CHECK_MS).unref();
    };
    this.#timer = setTimeout(check, FIRST_CHECK_MS).unref();
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
      this.#keepCopy(copy, unfinished);
    } catch (error) {
      fs.rmSync(unfinished, { force: true });
      this.#options.onError(error);
    }
  }

  #keepCopy(copy: string, unfinished: string): void {
    const last = fs.statSync(copy, { throwIfNoEntry: false });
    const [had, has] = last === undefined ? [null, 0] : [countIn(copy), rowsOf(unfinished)];
    if (had !== null && has < had * MIN_SHARE) {
      const small = smallCopyOf(this.#file, new Date());
      fs.renameSync(unfinished, unfinishedOf(small));
      finishCopy(small);
      this.#prune('small');
      this.#options.onError(tooSmall(small, has, copy, had));
      return;
    }
    if (last !== undefined) keepOlder(copy, olderDailyCopyOf(this.#file, last.mtime));
    finishCopy(copy);
    this.#prune('daily');
  }

  #prune(kind: StoreCopy['kind']): void {
    const copies = copiesOf(this.#file).filter((copy) => copy.kind === kind);
    for (const { path: old } of copies.slice(KEPT)) fs.rmSync(old, { force: true });
  }

  #isYoung(copy: string): boolean {
    const made = copiesOf(this.#file).filter(({ kind, path: one }) => kind === 'small' || one === copy);
    const ages = made.map(({ at }) => Date.now() - at.getTime());
    // One from the future was made while the clock was wrong: until then it would be the last.
    return ages.some((age) => age >= 0 && age < DAY_MS);
  }

  #hasRoom(): boolean {
    const bytes = [this.#file, `${this.#file}-wal`]
      .map((part) => fs.statSync(part, { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size);
    const { bavail, bsize } = fs.statfsSync(path.dirname(this.#file));
    return bytes <= this.#options.maxBytes && bavail * bsize >= FREE_TIMES * bytes;
  }
}

/** Under a second name first: at no time is there no newest copy. */
function keepOlder(copy: string, older: string): void {
  fs.rmSync(older, { force: true });
  try {
    fs.linkSync(copy, older);
  } catch {
    // A file system without links.
    fs.renameSync(copy, older);
  }
}

/** null = it cannot be read: then it is no measure. */
function countIn(copy: string): number | null {
  try {
    return rowsOf(copy);
  } catch {
    return null;
  }
}

function tooSmall(small: string, has: number, copy: string, had: number): SluiceError {
  return new SluiceError(
    'store_missing',
    `The store holds ${has} values, its last daily copy ${had}: that copy stays, the new one is kept as ` +
      `${path.basename(small)}. If nothing is missing, remove ${path.basename(copy)}.`,
  );
}
