import { startTimer, type Clock } from './clock.ts';

/** Calls `onStall` once when `alive()` has not been called for `stallMs`. One timer, armed again at most once a period. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #onStall: () => void;
  #aliveAt: number;
  #stopTimer: () => void = () => undefined;

  constructor(clock: Clock, stallMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#onStall = onStall;
    this.#aliveAt = clock.now();
    this.#arm(stallMs);
  }

  alive(): void {
    this.#aliveAt = this.#clock.now();
  }

  stop(): void {
    this.#stopTimer();
    this.#stopTimer = () => undefined;
  }

  #arm(delayMs: number): void {
    this.#stopTimer = startTimer(this.#clock, delayMs, () => {
      const leftMs = this.#aliveAt + this.#stallMs - this.#clock.now();
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onStall();
    });
  }
}
