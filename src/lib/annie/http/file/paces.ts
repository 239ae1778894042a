/** How fast each segment of a file comes. */
import { setTimeout as delay } from 'node:timers/promises';
import { missingBytes, type Segment } from './segments.ts';

/** Sooner a connection is not judged. */
const MEASURED_MS = 1_000;
/** Or until it has brought as much. */
const QUICK_BYTES = 128 * 1024;
const LOOK_EVERY_MS = 20;
/** A connection trickles that is so much slower than others, and would take so long. */
const SLOWER = 8;
const TOO_LONG_MS = 5_000;

export class Paces {
  readonly #now: () => number;
  readonly #begun = new WeakMap<Segment, { ms: number; received: number }>();
  /** Bytes per ms of the fastest connection so far. */
  #best = 0;

  /** Each may trickle again. */
  takeoversLeft = 6;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  begin(segment: Segment): void {
    this.#begun.set(segment, { ms: this.#now(), received: segment.received });
  }

  /** Bytes per ms since it began; null = it has not come for long. */
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
    while (others.some(isYoung)) await delay(LOOK_EVERY_MS);
    return others.some((other) => this.isTrickle(other) && (bytes / pace) * 2 < (this.#msLeft(other) ?? 0));
  }

  /** Null = nobody fetches it, or it has not come for long. */
  #msLeft(segment: Segment): number | null {
    const pace = segment.isBusy ? this.of(segment) : null;
    return pace === null ? null : missingBytes(segment) / pace;
  }
}
