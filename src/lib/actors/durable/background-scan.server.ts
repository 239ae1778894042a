/**
 * Reads a store that is too large to be checked at its start, in slices between turns: pages that cannot be read, and values
 * that a flipped bit has hidden. Once after the start, and then each day.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { SluiceError } from '../../protocol/error.ts';
import { type Clock, systemClock } from './clock.ts';
import {
  type Entry,
  isLarge,
  mendEntries,
  type ReadUpTo,
  type ReportFlip,
  unfitEntries,
} from './flipped-keys.server.ts';
import { toStoreError } from './open.server.ts';
import type { ActorName } from './store.ts';

/** About a millisecond. */
const SLICE = 250;
/** 10,000 values a second: 1 % of a core. */
const PAUSE_MS = 25;
/** A start has enough other work. */
const FIRST_MS = 10_000;
/** What belongs to objects that are in use is tried again soon. */
const AGAIN_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The store, as far as a scan uses it. */
interface ScannedStore {
  readonly isDirty: boolean;
  write<T>(change: () => T): T;
  commit(): void;
  rollback(): void;
}

export interface ScanOptions {
  clock?: Clock;
  /** Whether an object has something in memory. */
  isInUse: (actor: ActorName) => boolean;
  /** Called when a round has ended. @param damage why the store cannot be read; null = it can */
  onRound: (damage: SluiceError | null) => void;
}

export class BackgroundScan {
  readonly #database: DatabaseSync;
  readonly #store: ScannedStore;
  readonly #report: ReportFlip;
  #options: Required<ScanOptions> | null = null;
  #timer: unknown = null;
  #readUpTo: ReadUpTo = null;
  /** What does not fit and could not be put right yet. */
  #isLeft = false;

  constructor(database: DatabaseSync, store: ScannedStore, report: ReportFlip) {
    this.#database = database;
    this.#store = store;
    this.#report = report;
  }

  /** Scans a store that is larger than what is checked at the start. */
  keep(options: ScanOptions): void {
    this.#options = { clock: systemClock, ...options };
    this.#next(FIRST_MS);
  }

  stop(): void {
    this.#options?.clock.clearTimeout(this.#timer);
    this.#options = null;
  }

  #next(ms: number): void {
    const { clock } = this.#options ?? {};
    if (clock === undefined) return;
    this.#timer = clock.setTimeout(() => this.#next(this.#slice()), ms);
    // Nothing that has to be waited for.
    (this.#timer as Partial<NodeJS.Timeout>).unref?.();
  }

  /** @returns ms until the next one */
  #slice(): number {
    // A commit is near.
    if (this.#store.isDirty) return PAUSE_MS;
    try {
      if (this.#readUpTo === null && !isLarge(this.#database)) return DAY_MS;
      const { unfit, readUpTo } = unfitEntries(this.#database, this.#readUpTo, SLICE);
      this.#readUpTo = readUpTo;
      if (unfit.length > 0) this.#mend(unfit);
      if (readUpTo !== null) return PAUSE_MS;
    } catch (thrown) {
      const error = toStoreError(thrown);
      this.#readUpTo = null;
      if (error.code === 'store_corrupt') this.#options?.onRound(error);
      // Others end by themselves.
      return AGAIN_MS;
    }
    this.#options?.onRound(null);
    const ms = this.#isLeft ? AGAIN_MS : DAY_MS;
    this.#isLeft = false;
    return ms;
  }

  #mend(unfit: Entry[]): void {
    const isInUse = this.#options?.isInUse ?? (() => true);
    try {
      const isLeft = this.#store.write(() =>
        mendEntries(this.#database, unfit, { report: this.#report, isInUse }),
      );
      this.#store.commit();
      this.#isLeft ||= isLeft;
    } catch (error) {
      this.#store.rollback();
      throw error;
    }
  }
}
