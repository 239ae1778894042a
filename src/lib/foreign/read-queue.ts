/**
 * Decides whose read is next. A caller (a session) has one read at a time, so that none can occupy all threads. Of the callers
 * that wait, the one that has used the least time goes first: slow text waits behind fast text. Pure.
 */
export interface QueueLimits {
  waiting: number;
  waitingOfOneCaller: number;
}

/** Callers whose used time is remembered; beyond, all begin at 0 again. */
const MAX_REMEMBERED = 1000;

export class ReadQueue<Read> {
  readonly #limits: QueueLimits;
  /** By caller, in order of arrival. */
  readonly #waiting = new Map<unknown, Read[]>();
  readonly #reading = new Set<unknown>();
  readonly #usedMs = new Map<unknown, number>();
  #count = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** False = too many are waiting. */
  add(caller: unknown, read: Read): boolean {
    const reads = this.#waiting.get(caller) ?? [];
    if (this.#count >= this.#limits.waiting || reads.length >= this.#limits.waitingOfOneCaller) return false;
    this.#waiting.set(caller, reads);
    reads.push(read);
    this.#count++;
    return true;
  }

  /** Does nothing if the read is not waiting. */
  remove(caller: unknown, read: Read): void {
    const reads = this.#waiting.get(caller) ?? [];
    const index = reads.indexOf(read);
    if (index === -1) return;
    reads.splice(index, 1);
    this.#count--;
    if (reads.length === 0) this.#waiting.delete(caller);
  }

  /** The next read to run, after which `finished` must be called; null = none may run now. */
  next(): { caller: unknown; read: Read } | null {
    let next: unknown = null;
    let least = Infinity;
    for (const caller of this.#waiting.keys()) {
      const usedMs = this.#usedMs.get(caller) ?? 0;
      if (usedMs >= least || this.#reading.has(caller)) continue;
      [next, least] = [caller, usedMs];
    }
    const read = this.#waiting.get(next)?.[0];
    if (read === undefined) return null;
    this.remove(next, read);
    this.#reading.add(next);
    return { caller: next, read };
  }

  /** The read of a caller has ended, after `ms`. */
  finished(caller: unknown, ms: number): void {
    this.#reading.delete(caller);
    if (this.#usedMs.size >= MAX_REMEMBERED) this.#usedMs.clear();
    this.#usedMs.set(caller, (this.#usedMs.get(caller) ?? 0) + ms);
  }

  /** Removes all waiting reads and returns them. */
  clear(): Read[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#count = 0;
    return all;
  }
}
