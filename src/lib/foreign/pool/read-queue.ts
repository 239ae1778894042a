/**
 * Decides whose read is next. A caller (a session) has one read at a time. The smallest text of the caller that has used the
 * least time goes first, as sessions are free and a short text cannot take long; every second time it is the one that has
 * waited longest, so that a long text does not wait forever. Of too many the most expensive is refused. Pure.
 */
import { dropOldest } from '../../protocol/drop-oldest.ts';

interface QueueLimits {
  waiting: number;
  waitingOfOneCaller: number;
  /** Of all waiting inputs. */
  waitingBytes: number;
}

interface Waiting<Read> {
  caller: unknown;
  read: Read;
  bytes: number;
  sinceMs: number;
}

/** Callers whose used time is remembered. */
const MAX_REMEMBERED = 1000;
/** A hostile text of 12 MB takes 2.7 s, an honest one a tenth of it. */
const BYTES_PER_MS = 5000;
/** Used time counts half after this. */
const HALF_LIFE_MS = 60_000;
/** ms after which a read may go before smaller ones. */
const LONG_WAIT_MS = 5_000;

export class ReadQueue<Read> {
  readonly #limits: QueueLimits;
  /** In order of arrival. */
  #waiting: Waiting<Read>[] = [];
  readonly #reading = new Set<unknown>();
  /** The caller that used time last comes last. */
  readonly #used = new Map<unknown, { ms: number; atMs: number }>();
  #isTurnOfOldest = false;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** @param bytes of its input @returns the reads that are refused because too many wait: others, or this one */
  add(caller: unknown, read: Read, bytes: number, nowMs = performance.now()): Read[] {
    const ofCaller = this.#waiting.filter((each) => each.caller === caller).length;
    if (ofCaller >= this.#limits.waitingOfOneCaller) return [read];
    this.#waiting.push({ caller, read, bytes, sinceMs: nowMs });
    const refused: Read[] = [];
    while (this.#isOverfull()) {
      // Of several equally expensive ones the last.
      const worst = this.#waiting.reduce((a, b) =>
        this.#costMs(b, nowMs) >= this.#costMs(a, nowMs) ? b : a,
      );
      this.#remove(worst);
      refused.push(worst.read);
    }
    return refused;
  }

  /** Does nothing if the read is not waiting. */
  remove(read: Read): void {
    this.#waiting = this.#waiting.filter((each) => each.read !== read);
  }

  /**
   * The next read to run, after which `finished` must be called; null = none may run now.
   * @param maxBytes of its input
   */
  next(maxBytes = Infinity, nowMs = performance.now()): { caller: unknown; read: Read } | null {
    const ready = this.#waiting.filter(
      ({ caller, bytes }) => bytes <= maxBytes && !this.#reading.has(caller),
    );
    const [oldest] = ready;
    if (oldest === undefined) return null;
    const isLate = this.#isTurnOfOldest && nowMs - oldest.sinceMs >= LONG_WAIT_MS;
    const next = isLate
      ? oldest
      : ready.reduce((a, b) => (this.#costMs(b, nowMs) < this.#costMs(a, nowMs) ? b : a));
    this.#isTurnOfOldest = !this.#isTurnOfOldest;
    this.#remove(next);
    this.#reading.add(next.caller);
    return next;
  }

  /** The read of a caller has ended, after `ms`. */
  finished(caller: unknown, ms: number, nowMs = performance.now()): void {
    this.#reading.delete(caller);
    const usedMs = this.#usedMs(caller, nowMs) + ms;
    this.#used.delete(caller);
    this.#used.set(caller, { ms: usedMs, atMs: nowMs });
    dropOldest(this.#used, MAX_REMEMBERED);
  }

  /** Removes all waiting reads and returns them. */
  clear(): Read[] {
    const all = this.#waiting.map(({ read }) => read);
    this.#waiting = [];
    return all;
  }

  #remove(waiting: Waiting<Read>): void {
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
  }

  #isOverfull(): boolean {
    const bytes = this.#waiting.reduce((sum, each) => sum + each.bytes, 0);
    // One is never too many.
    return (
      this.#waiting.length > this.#limits.waiting ||
      (this.#waiting.length > 1 && bytes > this.#limits.waitingBytes)
    );
  }

  /** What the read may take, and what its caller has used. */
  #costMs({ caller, bytes }: Waiting<Read>, nowMs: number): number {
    return bytes / BYTES_PER_MS + this.#usedMs(caller, nowMs);
  }

  #usedMs(caller: unknown, nowMs: number): number {
    const used = this.#used.get(caller);
    return used === undefined ? 0 : used.ms * 0.5 ** ((nowMs - used.atMs) / HALF_LIFE_MS);
  }
}
