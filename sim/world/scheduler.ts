/**
 * The virtual clock and everything that will happen by it: timers, completions of the disk and the network, faults. One
 * event at a time; then all microtasks run, as in Node.
 */

/** A process of the simulated machine, from its start to its end. */
export interface Life {
  readonly number: number;
  isAlive: boolean;
}

export interface Scheduled {
  readonly at: number;
  readonly order: number;
  /** null = of the world, not of a process. */
  readonly life: Life | null;
  /** null = cancelled. */
  run: (() => void) | null;
  /** A system call that the kernel may finish although its process is killed. */
  interrupted: (() => void) | null;
}

/** Runs all microtasks and `nextTick`s at once. Undocumented, and in Node since 0.9. */
const runMicrotasks = (process as unknown as { _tickCallback: () => void })._tickCallback;

export class Scheduler {
  /** ms since the world began. */
  now = 0;
  events = 0;
  #order = 0;
  readonly #heap: Scheduled[] = [];

  schedule(delayMs: number, life: Life | null, run: () => void): Scheduled {
    const entry: Scheduled = {
      at: this.now + Math.max(0, delayMs),
      order: this.#order++,
      life,
      run,
      interrupted: null,
    };
    this.#push(entry);
    return entry;
  }

  /** @returns false = nothing is left to happen before `end` */
  step(end = Infinity): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > end) {
        if (Number.isFinite(end)) this.now = Math.max(this.now, end);
        return false;
      }
      this.#pop();
      const { run, life } = next;
      if (run === null || life?.isAlive === false) continue;
      this.now = next.at;
      this.events++;
      next.run = null;
      run();
      runMicrotasks();
      return true;
    }
  }

  /** The process is killed: its timers are gone, and what it had asked of the kernel may still be done. */
  takeInterrupted(life: Life): (() => void)[] {
    const calls: (() => void)[] = [];
    for (const entry of this.#heap) {
      if (entry.life !== life || entry.run === null) continue;
      entry.run = null;
      if (entry.interrupted !== null) calls.push(entry.interrupted);
    }
    return calls;
  }

  #push(entry: Scheduled): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Scheduled;
      if (!isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Scheduled;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Scheduled, heap[child] as Scheduled))
        child++;
      if (!isBefore(heap[child] as Scheduled, last)) break;
      heap[at] = heap[child] as Scheduled;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
