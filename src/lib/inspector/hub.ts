/**
 * The stream of observations: numbers records, keeps the newest, and lets any number of readers follow at their own pace.
 * Taps (`taps/`) are attached with the first reader and detached some time after the last one has gone; without readers
 * nothing is recorded or kept.
 */
import type { EntityId } from '../protocol/inspection.ts';
import { changesTree, isRoutine, type RecordBody, type ObservationRecord, estimateBytes } from './record.ts';

/**
 * Routine records kept in each flush interval, of actors that no reader has selected: 100 a second, which is all that ten
 * downloads make. Each costs 15 to 35 µs in all, most of it in garbage collection and in sending (bench/inspector).
 */
const MAX_ROUTINE_PER_INTERVAL = 25;
/** A quarter of an hour of eight downloads at 5 updates/s. */
const MAX_RECORDS = 50_000;
const MAX_BYTES = 48 * 1024 * 1024;
/** Long enough for a page to reload and find the earlier records. */
const LINGER_MS = 15_000;

/** Attaches to a source of observations. @returns detaches it */
type Tap = (hub: Hub) => () => void;

interface HubOptions {
  maxRecords?: number;
  maxBytes?: number;
  routinePerInterval?: number;
  lingerMs?: number;
}

export class Hub {
  readonly #taps: readonly Tap[];
  readonly #options: Required<HubOptions>;
  #records: ObservationRecord[] = [];
  /** Index of the oldest in `#records`: removing them one by one would be quadratic. */
  #firstIndex = 0;
  #bytes = 0;
  #nextNumber = 1;
  #routineBudget = 0;
  #focused: ReadonlySet<EntityId> = new Set();
  /** Routine records that were not kept. */
  skipped = 0;
  /** Count of records that may have changed the tree. */
  treeChanges = 0;
  #readers = 0;
  #detachTaps: (() => void)[] | null = null;
  #lingerTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(taps: readonly Tap[], options: HubOptions = {}) {
    this.#taps = taps;
    this.#options = {
      maxRecords: MAX_RECORDS,
      maxBytes: MAX_BYTES,
      routinePerInterval: MAX_ROUTINE_PER_INTERVAL,
      lingerMs: LINGER_MS,
      ...options,
    };
    this.#routineBudget = this.#options.routinePerInterval;
  }

  get isWatched(): boolean {
    return this.#detachTaps !== null;
  }

  /** The number of the next record. */
  get next(): number {
    return this.#nextNumber;
  }

  /** The number of the oldest record kept; `next` when there is none. */
  get oldest(): number {
    return this.#records[this.#firstIndex]?.n ?? this.#nextNumber;
  }

  /** @returns removes the reader again; call it once */
  addReader(): () => void {
    if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer);
    this.#lingerTimer = null;
    this.#readers += 1;
    this.#detachTaps ??= this.#taps.map((tap) => tap(this));
    return () => {
      this.#readers -= 1;
      if (this.#readers > 0) return;
      this.#lingerTimer = setTimeout(() => this.close(), this.#options.lingerMs);
      this.#lingerTimer.unref();
    };
  }

  /** Detaches the taps and forgets all records. */
  close(): void {
    if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer);
    this.#lingerTimer = null;
    for (const untap of this.#detachTaps ?? []) untap();
    this.#detachTaps = null;
    this.#records = [];
    this.#firstIndex = 0;
    this.#bytes = 0;
  }

  /** Starts a flush interval. @param focus actors that readers have selected: all their records are kept */
  startInterval(focus: ReadonlySet<EntityId>): void {
    this.#routineBudget = this.#options.routinePerInterval;
    this.#focused = focus;
  }

  /**
   * Whether a routine record would not be kept; if so, counts it. Taps call it before they build a record for each tick
   * of hundreds of downloads.
   */
  skipRoutine(about: EntityId, alsoAbout: EntityId | null = null): boolean {
    if (this.#routineBudget > 0 || this.#isFocused(about, alsoAbout)) return false;
    this.skipped += 1;
    return true;
  }

  /** Called by taps inside turns, so it does as little as possible. */
  record(
    about: EntityId,
    session: string | null,
    cause: string | null,
    body: RecordBody,
    alsoAbout: EntityId | null = null,
  ): void {
    if (this.#detachTaps === null) return;
    if (isRoutine(body)) {
      if (this.skipRoutine(about, alsoAbout)) return;
      if (!this.#isFocused(about, alsoAbout)) this.#routineBudget -= 1;
    } else if (changesTree(body)) {
      this.treeChanges += 1;
    }
    const at = performance.timeOrigin + performance.now();
    this.#records.push({ n: this.#nextNumber++, at, about, alsoAbout, session, cause, body });
    this.#bytes += estimateBytes(body);
    while (
      this.#records.length - this.#firstIndex > this.#options.maxRecords ||
      this.#bytes > this.#options.maxBytes
    ) {
      this.#dropOldest();
    }
  }

  /** The records kept from number `n` on, oldest first. */
  *since(n: number): Iterable<ObservationRecord> {
    const start = this.#firstIndex + Math.max(0, n - this.oldest);
    for (let index = start; index < this.#records.length; index++)
      yield this.#records[index] as ObservationRecord;
  }

  #isFocused(about: EntityId, alsoAbout: EntityId | null): boolean {
    if (this.#focused.size === 0) return false;
    return this.#focused.has(about) || (alsoAbout !== null && this.#focused.has(alsoAbout));
  }

  #dropOldest(): void {
    const { body } = this.#records[this.#firstIndex] as ObservationRecord;
    this.#bytes -= estimateBytes(body);
    this.#firstIndex += 1;
    if (this.#firstIndex < 4096) return;
    this.#records = this.#records.slice(this.#firstIndex);
    this.#firstIndex = 0;
  }
}
