/**
 * Who is read for next. One caller (a session) has one read at a time, so that none holds all threads; among those that
 * wait, the one that has used the least time so far goes first: text that takes long waits behind text that does not. Pure.
 */
export interface QueueLimits {
  waiting: number;
  waitingOfOneCaller: number;
}

/** Callers whose use is remembered; then all begin at 0 again. */
const MAX_REMEMBERED = 1000;

export class ReadQueue<Read> {
  readonly #limits: QueueLimits;
  /** Those with a read that waits, in the order in which they came. */
  readonly #waiting = new Map<unknown, Read[]>();
  readonly #served = new Set<unknown>();
  readonly #usedMs = new Map<unknown, number>();
  #count = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** False = too many wait. */
  add(caller: unknown, read: Read): boolean {
    const mine = this.#waiting.get(caller) ?? [];
    if (this.#count >= this.#limits.waiting || mine.length >= this.#limits.waitingOfOneCaller) return false;
    this.#waiting.set(caller, mine);
    mine.push(read);
    this.#count++;
    return true;
  }

  /** Harmless for one that does not wait. */
  remove(caller: unknown, read: Read): void {
    const mine = this.#waiting.get(caller) ?? [];
    const index = mine.indexOf(read);
    if (index === -1) return;
    mine.splice(index, 1);
    this.#count--;
    if (mine.length === 0) this.#waiting.delete(caller);
  }

  /** Null when nobody waits who is not being served. To be followed by `served`. */
  next(): { caller: unknown; read: Read } | null {
    let next: unknown = null;
    let least = Infinity;
    for (const caller of this.#waiting.keys()) {
      const usedMs = this.#usedMs.get(caller) ?? 0;
      if (usedMs >= least || this.#served.has(caller)) continue;
      [next, least] = [caller, usedMs];
    }
    const read = this.#waiting.get(next)?.[0];
    if (read === undefined) return null;
    this.remove(next, read);
    this.#served.add(next);
    return { caller: next, read };
  }

  /** The read of a caller is over and took so long. */
  served(caller: unknown, ms: number): void {
    this.#served.delete(caller);
    if (this.#usedMs.size >= MAX_REMEMBERED) this.#usedMs.clear();
    this.#usedMs.set(caller, (this.#usedMs.get(caller) ?? 0) + ms);
  }

  /** All that wait, which then do no more. */
  clear(): Read[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#count = 0;
    return all;
  }
}
