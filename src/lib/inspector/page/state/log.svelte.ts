/** What was observed, as a list that is filtered and looked at. */
import type { Observation, ObservationKind } from '../../../protocol/inspection.ts';
import { summaryOf } from '../log/summary.ts';

/* eslint-disable svelte/prefer-svelte-reactivity -- sets here are replaced, never changed in place */

/** A line of the log: an observation, or how many are missing at that place (`protocol/inspection.ts`: `log`). */
export type LogLine = Observation | { kind: 'gap'; n: number; dropped: number; omitted: number };

/** Kept in the page; older ones are let go. Some 20 MB at 1 kB each. */
export const MAX_LINES = 20_000;

export class Log {
  #lines: LogLine[] = [];
  #shown: LogLine[] = $state.raw([]);
  #held: LogLine[] | null = $state.raw(null);
  #kinds: ReadonlySet<ObservationKind> = $state.raw(new Set());
  #text = $state('');
  /** Observations since the page began to watch, the missing ones too. */
  #seen = $state(0);

  /** What passes the filter, oldest first; while it is held, as it was then. */
  get shown(): readonly LogLine[] {
    return this.#held ?? this.#shown;
  }

  get seen(): number {
    return this.#seen;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** Came since it is held. */
  get behind(): number {
    return this.#held === null ? 0 : Math.max(0, this.#shown.length - this.#held.length);
  }

  /** Empty: all kinds. */
  get kinds(): ReadonlySet<ObservationKind> {
    return this.#kinds;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.#refilter();
  }

  toggleKind(kind: ObservationKind): void {
    const kinds = new Set(this.#kinds);
    if (!kinds.delete(kind)) kinds.add(kind);
    this.#kinds = kinds;
    this.#refilter();
  }

  clearFilter(): void {
    this.#kinds = new Set();
    this.#text = '';
    this.#refilter();
  }

  hold(): void {
    this.#held = this.#shown;
  }

  follow(): void {
    this.#held = null;
  }

  clear(): void {
    this.#lines = [];
    this.#shown = [];
    this.#held = null;
    this.#seen = 0;
  }

  add(entries: readonly Observation[], dropped = 0, omitted = 0): void {
    const last = entries.at(-1)?.n ?? this.#lines.at(-1)?.n ?? 0;
    const added: LogLine[] = [...entries];
    const missing = dropped + omitted;
    if (missing > 0) added.unshift({ kind: 'gap', n: (entries[0]?.n ?? last) - 0.5, dropped, omitted });
    this.#seen += entries.length + missing;
    this.#lines = [...this.#lines, ...added].slice(-MAX_LINES);
    const passing = added.filter((line) => this.#passes(line));
    if (passing.length > 0) this.#shown = [...this.#shown, ...passing].slice(-MAX_LINES);
  }

  #refilter(): void {
    this.#shown = this.#lines.filter((line) => this.#passes(line));
    if (this.#held !== null) this.#held = this.#shown;
  }

  #passes(line: LogLine): boolean {
    if (line.kind === 'gap') return true;
    if (this.#kinds.size > 0 && !this.#kinds.has(line.kind)) return false;
    const text = this.#text.trim().toLowerCase();
    return (
      text === '' ||
      `${line.kind} ${line.about} ${line.cause} ${summaryOf(line)}`.toLowerCase().includes(text)
    );
  }
}
