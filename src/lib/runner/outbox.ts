/**
 * What goes up to the sessions. Changes of state leave at the end of the current turn, in order; of samples only
 * the newest of each job is kept, and all sessions' newest leave together at most every `flushMs`.
 */
import type { Sample } from '../protocol/progress.ts';
import type { JobRef, RunnerEvent, RunnerSink } from '../protocol/runner.ts';
import { startTimer, type Clock } from './clock.ts';
import type { Log } from '../protocol/log.ts';

/** Whose samples they are, with the newest one not sent yet. */
export interface SampleSlot {
  readonly session: string;
  readonly ref: JobRef;
  pending: Sample | null;
}

export interface OutboxOptions {
  onEvents: RunnerSink;
  clock: Clock;
  /** ms between two deliveries of samples. */
  flushMs: number;
  log: Log;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #letters = new Map<string, RunnerEvent[]>();
  readonly #dirty = new Set<SampleSlot>();
  #stopTimer: (() => void) | null = null;
  #flushedAt = -Infinity;
  #scheduled = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** A change of state: leaves at once. With `slot`, that job's newest sample leaves before it. */
  event(session: string, event: RunnerEvent, slot?: SampleSlot): void {
    if (this.#closed) return;
    if (slot) this.#post(slot);
    this.#put(session, event);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // not in this very call: a sink may answer with commands while a job is half way through its own change
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  sample(slot: SampleSlot, sample: Sample): void {
    if (this.#closed) return;
    slot.pending = sample;
    this.#dirty.add(slot);
    if (this.#stopTimer !== null) return;
    const { clock, flushMs } = this.#options;
    const delayMs = Math.max(0, this.#flushedAt + flushMs - clock.now());
    this.#stopTimer = startTimer(clock, delayMs, () => this.#flushSamples());
  }

  /** Forgets a sample that must not be sent any more. */
  drop(slot: SampleSlot): void {
    slot.pending = null;
    this.#dirty.delete(slot);
  }

  /** Delivers what is due and goes silent. */
  close(): void {
    this.#flushSamples();
    this.#closed = true;
  }

  #flushSamples(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#flushedAt = this.#options.clock.now();
    for (const slot of this.#dirty) this.#post(slot);
    this.#deliver();
  }

  #post(slot: SampleSlot): void {
    const { pending: sample } = slot;
    this.drop(slot);
    if (sample !== null) this.#put(slot.session, { type: 'sample', ...slot.ref, sample });
  }

  #put(session: string, event: RunnerEvent): void {
    const letter = this.#letters.get(session);
    if (letter) letter.push(event);
    else this.#letters.set(session, [event]);
  }

  #deliver(): void {
    const letters = this.#letters;
    this.#letters = new Map();
    for (const [session, events] of letters) {
      try {
        this.#options.onEvents(session, events);
      } catch (thrown) {
        // one session's trouble is not the others'
        this.#options.log('a session could not take its events', { session, thrown });
      }
    }
  }
}
