/** Idle objects, longest idle first, with one timer for all. */
import type { Clock } from './clock.ts';

export class IdleList<Item> {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #evict: (item: Item) => void;
  /** When each became idle. In order of time, as items are added again each time. */
  readonly #since = new Map<Item, number>();
  #timer: unknown = null;

  constructor(clock: Clock, idleMs: number, evict: (item: Item) => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#evict = evict;
  }

  add(item: Item): void {
    this.#since.delete(item);
    this.#since.set(item, this.#clock.now());
    this.#timer ??= this.#clock.setTimeout(this.#sweep, this.#idleMs);
  }

  remove(item: Item): void {
    this.#since.delete(item);
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#since.clear();
  }

  readonly #sweep = (): void => {
    this.#timer = null;
    const now = this.#clock.now();
    for (const [item, since] of this.#since) {
      const leftMs = since + this.#idleMs - now;
      // Never wait longer than `idleMs`, even if the clock was set back.
      if (leftMs > 0) {
        this.#timer = this.#clock.setTimeout(this.#sweep, Math.min(leftMs, this.#idleMs));
        return;
      }
      this.#since.delete(item);
      this.#evict(item);
    }
  };
}
