/** The list of observations, with its filter. */
import type { Observation, ObservationKind } from '../../../protocol/inspection.ts';
import { observationSummary } from '../log/observation-summary.ts';

/* eslint-disable svelte/prefer-svelte-reactivity -- sets here are replaced, never changed in place */

/** An observation, or a gap with how many are missing there (`log` in `protocol/inspection.ts`). */
export type LogEntry = Observation | { kind: 'gap'; n: number; dropped: number; omitted: number };

/** Older ones are dropped. About 20 MB at 1 kB each. */
const MAX_ENTRIES = 20_000;

export class ObservationLog {
  #entries: LogEntry[] = [];
  #shown: LogEntry[] = $state.raw([]);
  #paused: LogEntry[] | null = $state.raw(null);
  #kinds: ReadonlySet<ObservationKind> = $state.raw(new Set());
  #text = $state('');
  /** Observations since the last clear, including missing ones. */
  #total = $state(0);

  /** Entries that pass the filter, oldest first; while paused, as they were then. */
  get shown(): readonly LogEntry[] {
    return this.#paused ?? this.#shown;
  }

  get total(): number {
    return this.#total;
  }

  get isPaused(): boolean {
    return this.#paused !== null;
  }

  /** How many entries have been added while paused. */
  get newEntries(): number {
    return this.#paused === null ? 0 : Math.max(0, this.#shown.length - this.#paused.length);
  }

  /** Empty = all kinds. */
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

  pause(): void {
    this.#paused = this.#shown;
  }

  resume(): void {
    this.#paused = null;
  }

  clear(): void {
    this.#entries = [];
    this.#shown = [];
    this.#paused = null;
    this.#total = 0;
  }

  add(entries: readonly Observation[], dropped = 0, omitted = 0): void {
    const last = entries.at(-1)?.n ?? this.#entries.at(-1)?.n ?? 0;
    const added: LogEntry[] = [...entries];
    const missing = dropped + omitted;
    if (missing > 0) added.unshift({ kind: 'gap', n: (entries[0]?.n ?? last) - 0.5, dropped, omitted });
    this.#total += entries.length + missing;
    this.#entries = [...this.#entries, ...added].slice(-MAX_ENTRIES);
    const passing = added.filter((line) => this.#passes(line));
    if (passing.length > 0) this.#shown = [...this.#shown, ...passing].slice(-MAX_ENTRIES);
  }

  #refilter(): void {
    this.#shown = this.#entries.filter((line) => this.#passes(line));
    if (this.#paused !== null) this.#paused = this.#shown;
  }

  #passes(line: LogEntry): boolean {
    if (line.kind === 'gap') return true;
    if (this.#kinds.size > 0 && !this.#kinds.has(line.kind)) return false;
    const text = this.#text.trim().toLowerCase();
    return (
      text === '' ||
      `${line.kind} ${line.about} ${line.cause} ${observationSummary(line)}`.toLowerCase().includes(text)
    );
  }
}
