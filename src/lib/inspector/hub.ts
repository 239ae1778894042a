/**
 * The one stream of observations: numbers them, keeps the newest, and lets any number of readers follow at their own
 * pace. Taps (`taps/`) are attached when the first reader comes and taken away some time after the last has gone;
 * while there is none, nothing is noted and nothing is kept.
 */
import type { EntityId } from '../protocol/inspection.ts';
import { changesTree, isRoutine, type Note, type Noted, weightOf } from './note.ts';

/**
 * Notes of routine from one beat to the next, of actors that nobody looks at in particular: 100 a second, which is all
 * of ten downloads. Each that is kept costs 15 to 35 µs in all, most of it in the garbage collector and in what is sent
 * (bench/inspector).
 */
const ROUTINE_A_BEAT = 25;
/** A quarter of an hour of eight downloads at 5 updates/s. */
const MAX_NOTES = 50_000;
const MAX_BYTES = 48 * 1024 * 1024;
/** A page that is loaded anew finds what was noted before. */
const LINGER_MS = 15_000;

/** Begins to watch something. @returns stops it */
export type Tap = (hub: Hub) => () => void;

export interface HubOptions {
  maxNotes?: number;
  maxBytes?: number;
  routineABeat?: number;
  lingerMs?: number;
}

export class Hub {
  readonly #taps: readonly Tap[];
  readonly #options: Required<HubOptions>;
  #notes: Noted[] = [];
  /** Place of the oldest in `#notes`: cutting them off one by one would be quadratic. */
  #first = 0;
  #bytes = 0;
  #next = 1;
  #routineLeft = 0;
  #focus: ReadonlySet<EntityId> = new Set();
  /** Notes of routine that were not kept. */
  skipped = 0;
  /** Notes after which the tree may look different. */
  changes = 0;
  #readers = 0;
  #untap: (() => void)[] | null = null;
  #lingering: ReturnType<typeof setTimeout> | null = null;

  constructor(taps: readonly Tap[], options: HubOptions = {}) {
    this.#taps = taps;
    this.#options = {
      maxNotes: MAX_NOTES,
      maxBytes: MAX_BYTES,
      routineABeat: ROUTINE_A_BEAT,
      lingerMs: LINGER_MS,
      ...options,
    };
    this.#routineLeft = this.#options.routineABeat;
  }

  get isWatched(): boolean {
    return this.#untap !== null;
  }

  /** The number that the next note gets. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest that is kept; `next` when there is none. */
  get oldest(): number {
    return this.#notes[this.#first]?.n ?? this.#next;
  }

  /** One more reads. @returns leaves; to be called once */
  join(): () => void {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
    this.#readers += 1;
    this.#untap ??= this.#taps.map((tap) => tap(this));
    return () => {
      this.#readers -= 1;
      if (this.#readers > 0) return;
      this.#lingering = setTimeout(() => this.close(), this.#options.lingerMs);
      this.#lingering.unref();
    };
  }

  /** Takes the taps away and forgets what was noted. */
  close(): void {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
    for (const untap of this.#untap ?? []) untap();
    this.#untap = null;
    this.#notes = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  /** A new beat. @param focus actors that somebody looks at in particular: of them everything is kept */
  beat(focus: ReadonlySet<EntityId>): void {
    this.#routineLeft = this.#options.routineABeat;
    this.#focus = focus;
  }

  /**
   * Whether a note of routine would not be kept; counts it then. For taps, before they make one of each tick of two
   * hundred downloads.
   */
  skips(about: EntityId, also: EntityId | null = null): boolean {
    if (this.#routineLeft > 0 || this.#isFocused(about, also)) return false;
    this.skipped += 1;
    return true;
  }

  /** Called by taps, inside turns: as little as can be. */
  note(
    about: EntityId,
    session: string | null,
    cause: string | null,
    note: Note,
    also: EntityId | null = null,
  ): void {
    if (this.#untap === null) return;
    if (isRoutine(note)) {
      if (this.skips(about, also)) return;
      if (!this.#isFocused(about, also)) this.#routineLeft -= 1;
    } else if (changesTree(note)) {
      this.changes += 1;
    }
    const at = performance.timeOrigin + performance.now();
    this.#notes.push({ n: this.#next++, at, about, also, session, cause, note });
    this.#bytes += weightOf(note);
    while (
      this.#notes.length - this.#first > this.#options.maxNotes ||
      this.#bytes > this.#options.maxBytes
    ) {
      this.#dropOldest();
    }
  }

  /** Those that are kept from number `n` on, oldest first. */
  *since(n: number): Iterable<Noted> {
    const start = this.#first + Math.max(0, n - this.oldest);
    for (let index = start; index < this.#notes.length; index++) yield this.#notes[index] as Noted;
  }

  #isFocused(about: EntityId, also: EntityId | null): boolean {
    if (this.#focus.size === 0) return false;
    return this.#focus.has(about) || (also !== null && this.#focus.has(also));
  }

  #dropOldest(): void {
    const { note } = this.#notes[this.#first] as Noted;
    this.#bytes -= weightOf(note);
    this.#first += 1;
    if (this.#first < 4096) return;
    this.#notes = this.#notes.slice(this.#first);
    this.#first = 0;
  }
}
