/** How fast each segment of a file comes. */
import { setTimeout as delay } from 'node:timers/promises';
import { missingBytes, type Segment } from './segments.ts';

/** No connection is judged before. */
const MEASURED_MS = 1_000;
/** Or before it has brought this much. */
const QUICK_BYTES = 128 * 1024;
const POLL_MS = 20;
/** A connection trickles if it is this many times slower than the fastest, and would take longer than this. */
const SLOWER = 8;
const TOO_LONG_MS = 5_000;

export class Paces {
  readonly #now: () => number;
  readonly #begun = new WeakMap<Segment, { ms: number; received: number }>();
  /** Bytes per ms of the fastest connection so far. */
  #best = 0;

  /** Bounded, as each connection in its place may trickle again. */
  takeoversLeft = 6;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  begin(segment: Segment): void {
    this.#begun.set(segment, { ms: this.#now(), received: segment.received });
  }

  /** Bytes per ms since it began; null = too short a time to say. */
  of(segment: Segment, measuredMs = MEASURED_MS): number | null {
    const begun = this.#begun.get(segment);
    const ms = begun === undefined ? 0 : this.#now() - begun.ms;
    if (begun === undefined || ms < measuredMs) return null;
    const pace = (segment.received - begun.received) / ms;
    this.#best = Math.max(this.#best, pace);
    return pace;
  }

  isTrickle(segment: Segment): boolean {
    const ms = this.#msLeft(segment);
    return ms !== null && ms > TOO_LONG_MS && (this.of(segment) ?? 0) * SLOWER < this.#best;
  }

  /**
   * Whether the connection of a segment would fetch `bytes` sooner than those that have them, of which one trickles. One that has
   * just begun is waited for: the other has nothing else to do.
   */
  async isFaster(segment: Segment, bytes: number, others: readonly Segment[]): Promise<boolean> {
    const pace = this.of(segment, 1);
    if (pace === null) return false;
    const isYoung = (other: Segment): boolean =>
      other.isBusy && this.of(other) === null && other.received - other.start < QUICK_BYTES;
    while (others.some(isYoung)) await delay(POLL_MS);
    return others.some((other) => this.isTrickle(other) && (bytes / pace) * 2 < (this.#msLeft(other) ?? 0));
  }

  /** Null = no connection fetches it, or for too short a time to say. */
  #msLeft(segment: Segment): number | null {
    const pace = segment.isBusy ? this.of(segment) : null;
    return pace === null ? null : missingBytes(segment) / pace;
  }
}
