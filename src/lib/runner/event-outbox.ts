/**
 * Events on their way to the sessions. State changes leave at the end of the current microtask, in order; of samples
 * only the newest of each job is kept, and all sessions' leave together at most every `flushMs`.
 */
import type { Sample } from '../protocol/progress.ts';
import type { JobRef, RunnerEvent, RunnerSink } from '../protocol/runner.ts';
import { startTimer, type RunnerClock } from './clock.ts';
import type { Log } from '../protocol/log.ts';

/** The newest sample of a job that was not sent yet. */
export interface SampleBuffer {
  readonly session: string;
  readonly ref: JobRef;
  newest: Sample | null;
}

interface EventOutboxOptions {
  onEvents: RunnerSink;
  clock: RunnerClock;
  /** ms between two deliveries of samples. */
  flushMs: number;
  log: Log;
}

export class EventOutbox {
  readonly #options: EventOutboxOptions;
  #queued = new Map<string, RunnerEvent[]>();
  readonly #dirty = new Set<SampleBuffer>();
  #stopTimer: (() => void) | null = null;
  #flushedAt = -Infinity;
  #isDeliveryScheduled = false;
  #closed = false;

  constructor(options: EventOutboxOptions) {
    this.#options = options;
  }

  /** Sends a state change at once, after the job's newest sample if `samples` is given. */
  send(session: string, event: RunnerEvent, samples?: SampleBuffer): void {
    if (this.#closed) return;
    if (samples) this.#flushSample(samples);
    this.#queue(session, event);
    if (this.#isDeliveryScheduled) return;
    this.#isDeliveryScheduled = true;
    // Not in this call: the sink may answer with commands while a job is half way through its own change.
    queueMicrotask(() => {
      this.#isDeliveryScheduled = false;
      this.#deliver();
    });
  }

  queueSample(buffer: SampleBuffer, sample: Sample): void {
    if (this.#closed) return;
    buffer.newest = sample;
    this.#dirty.add(buffer);
    if (this.#stopTimer !== null) return;
    const { clock, flushMs } = this.#options;
    const delayMs = Math.max(0, this.#flushedAt + flushMs - clock.now());
    this.#stopTimer = startTimer(clock, delayMs, () => this.#flushSamples());
  }

  discardSample(buffer: SampleBuffer): void {
    buffer.newest = null;
    this.#dirty.delete(buffer);
  }

  /** Delivers what is queued; nothing is sent after that. */
  close(): void {
    this.#flushSamples();
    this.#closed = true;
  }

  #flushSamples(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#flushedAt = this.#options.clock.now();
    for (const buffer of this.#dirty) this.#flushSample(buffer);
    this.#deliver();
  }

  #flushSample(buffer: SampleBuffer): void {
    const { newest: sample } = buffer;
    this.discardSample(buffer);
    if (sample !== null) this.#queue(buffer.session, { type: 'sample', ...buffer.ref, sample });
  }

  #queue(session: string, event: RunnerEvent): void {
    const events = this.#queued.get(session);
    if (events) events.push(event);
    else this.#queued.set(session, [event]);
  }

  #deliver(): void {
    const queued = this.#queued;
    this.#queued = new Map();
    for (const [session, events] of queued) {
      try {
        this.#options.onEvents(session, events);
      } catch (thrown) {
        // Must not cost the other sessions their events.
        this.#options.log('a session could not take its events', { session, thrown });
      }
    }
  }
}
