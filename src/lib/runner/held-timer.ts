import { startTimer, type RunnerClock } from './clock.ts';

/** Calls `onEnd` once after `ms` in which it was not held. */
export class HeldTimer {
  readonly #clock: RunnerClock;
  readonly #onEnd: () => void;
  #leftMs: number;
  #startedAt = 0;
  #holds = 0;
  #stopTimer: () => void = () => undefined;

  constructor(clock: RunnerClock, ms: number, onEnd: () => void) {
    this.#clock = clock;
    this.#leftMs = ms;
    this.#onEnd = onEnd;
    this.#start();
  }

  /** Each hold has to be ended by `release`. */
  hold(): void {
    if (this.#holds++ > 0) return;
    this.#stopTimer();
    this.#leftMs -= this.#clock.now() - this.#startedAt;
  }

  release(): void {
    if (--this.#holds === 0) this.#start();
  }

  stop(): void {
    this.#stopTimer();
    this.#holds = Infinity;
  }

  #start(): void {
    this.#startedAt = this.#clock.now();
    this.#stopTimer = startTimer(this.#clock, Math.max(0, this.#leftMs), this.#onEnd);
  }
}
