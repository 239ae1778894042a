import { SluiceError } from '../protocol/error.ts';
import { startTimer, type RunnerClock } from './clock.ts';

/** The failure of an attempt that received nothing for so long. */
export function stallError(stallMs: number): SluiceError {
  return new SluiceError('engine_stalled', `No byte arrived for ${Math.round(stallMs / 1000)} s.`);
}

/**
 * Calls `onStall` once when `restart` has not been called for `stallMs`. `restart` only stores the time: the one timer
 * is set again when it fires too early.
 */
export class StallTimer {
  readonly #clock: RunnerClock;
  readonly #stallMs: number;
  readonly #onStall: () => void;
  #restartedAt: number;
  #isHeld = false;
  #stopTimer: () => void = () => undefined;

  constructor(clock: RunnerClock, stallMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#onStall = onStall;
    this.#restartedAt = clock.now();
    this.#schedule(stallMs);
  }

  restart(): void {
    this.#restartedAt = this.#clock.now();
  }

  /** While it is held nothing counts as a stall. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.restart();
  }

  stop(): void {
    this.#stopTimer();
    this.#stopTimer = () => undefined;
  }

  #schedule(delayMs: number): void {
    this.#stopTimer = startTimer(this.#clock, delayMs, () => {
      if (this.#isHeld) this.restart();
      const leftMs = this.#restartedAt + this.#stallMs - this.#clock.now();
      if (leftMs > 0) this.#schedule(leftMs);
      else this.#onStall();
    });
  }
}
