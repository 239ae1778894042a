/**
 * The one stream of observations: numbers them, keeps the newest, and lets any number of readers follow at their own
 * pace. Taps (`taps/`) are attached when the first reader comes and taken away some time after the last has gone;
 * while there is none, nothing is noted and nothing is kept.
 */
import type { EntityId } from '../protocol/inspection.ts';
import { changesTree, isRoutine, type RecordBody, type ObservationRecord, estimateBytes } from './record.ts';

/**
 * Notes of routine from one beat to the next, of actors that nobody looks at in particular: 100 a second, which is all
 * of ten downloads. Each that is kept costs 15 to 35 µs in all, most of it in the garbage collector and in what is sent
 * (bench/inspector).
 */
const MAX_ROUTINE_PER_INTERVAL = 25;
/** A quarter of an hour of eight downloads at 5 updates/s. */
const MAX_RECORDS = 50_000;
const MAX_BYTES = 48 * 1024 * 1024;
/** A page that is loaded anew finds what was noted before. */
const LINGER_MS = 15_000;

/** Begins to watch something. @returns stops it */
export type Tap = (hub: Hub) => () => void;

export interface HubOptions {
  maxRecords?: number;
  maxBytes?: number;
  routinePerInterval?: number;
  lingerMs?: number;
}

export class Hub {
  readonly #taps: readonly Tap[];
  readonly #options: Required<HubOptions>;
  #records: ObservationRecord[] = [];
  /** Place of the oldest in `#notes`: cutting them off one by one would be quadratic. */
  #firstIndex = 0;
  #bytes = 0;
  #nextNumber = 1;
  #routineBudget = 0;
  #focused: ReadonlySet<EntityId> = new Set();
  /** Notes of routine that were not kept. */
  skipped = 0;
  /** Notes after which the tree may look different. */
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

  /** The number that the next note gets. */
  get next(): number {
    return this.#nextNumber;
  }

  /** The number of the oldest that is kept; `next` when there is none. */
  get oldest(): number {
    return this.#records[this.#firstIndex]?.n ?? this.#nextNumber;
  }

  /** One more reads. @returns leaves; to be called once */
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

  /** Takes the taps away and forgets what was noted. */
  close(): void {
    if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer);
    this.#lingerTimer = null;
    for (const untap of this.#detachTaps ?? []) untap();
    this.#detachTaps = null;
    this.#records = [];
    this.#firstIndex = 0;
    this.#bytes = 0;
  }

  /** A new beat. @param focus actors that somebody looks at in particular: of them everything is kept */
  startInterval(focus: ReadonlySet<EntityId>): void {
    this.#routineBudget = this.#options.routinePerInterval;
    this.#focused = focus;
  }

  /**
   * Whether a note of routine would not be kept; counts it then. For taps, before they make one of each tick of two
   * hundred downloads.
   */
  skipRoutine(about: EntityId, alsoAbout: EntityId | null = null): boolean {
    if (this.#routineBudget > 0 || this.#isFocused(about, alsoAbout)) return false;
    this.skipped += 1;
    return true;
  }

  /** Called by taps, inside turns: as little as can be. */
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

  /** Those that are kept from number `n` on, oldest first. */
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
