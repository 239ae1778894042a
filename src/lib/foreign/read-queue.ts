/**
 * Who is read for next. One job has one read at a time, so that none holds all threads; among those that wait, the one
 * that has used the least time so far goes first: who sends what takes long waits behind those who do not. Pure.
 */
export interface QueueLimits {
  waiting: number;
  waitingOfOneCaller: number;
}

export class ReadQueue<Read> {
  readonly #limits: QueueLimits;
  /** Those with a read that waits, in the order in which they came. */
  readonly #waiting = new Map<object, Read[]>();
  readonly #served = new Set<object>();
  readonly #usedMs = new WeakMap<object, number>();
  #count = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** False = too many wait. */
  add(caller: object, read: Read): boolean {
    const mine = this.#waiting.get(caller) ?? [];
    if (this.#count >= this.#limits.waiting || mine.length >= this.#limits.waitingOfOneCaller) return false;
    this.#waiting.set(caller, mine);
    mine.push(read);
    this.#count++;
    return true;
  }

  /** Harmless for one that does not wait. */
  remove(caller: object, read: Read): void {
    const mine = this.#waiting.get(caller) ?? [];
    const index = mine.indexOf(read);
    if (index === -1) return;
    mine.splice(index, 1);
    this.#count--;
    if (mine.length === 0) this.#waiting.delete(caller);
  }

  /** Null when nobody waits who is not being served. To be followed by `served`. */
  next(): { caller: object; read: Read } | null {
    let next: object | null = null;
    let least = Infinity;
    for (const caller of this.#waiting.keys()) {
      const usedMs = this.#usedMs.get(caller) ?? 0;
      if (usedMs >= least || this.#served.has(caller)) continue;
      [next, least] = [caller, usedMs];
    }
    const read = next && this.#waiting.get(next)?.[0];
    if (next === null || read == null) return null;
    this.remove(next, read);
    this.#served.add(next);
    return { caller: next, read };
  }

  /** The read of a caller is over and took so long. */
  served(caller: object, ms: number): void {
    this.#served.delete(caller);
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
