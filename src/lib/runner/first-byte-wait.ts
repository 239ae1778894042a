import { startTimer, type RunnerClock } from './clock.ts';
import type { HeldTimer } from './held-timer.ts';

/** Shorter waits are not worth a word. */
export const SAID_AFTER_MS = 2000;

/**
 * Counts the requests of one job that wait for servers to begin. `onChange` is called when the first has waited for
 * `SAID_AFTER_MS`, and when the last of them has ended.
 */
export class FirstByteWait {
  readonly #clock: RunnerClock;
  readonly #onChange: (isWaiting: boolean) => void;
  #requests = 0;
  #isSaid = false;
  #stopTimer: () => void = () => undefined;

  constructor(clock: RunnerClock, onChange: (isWaiting: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** @param limit of what the job does otherwise: held meanwhile */
  update(isWaiting: boolean, limit: Pick<HeldTimer, 'hold' | 'release'> | null): void {
    if (isWaiting) limit?.hold();
    else limit?.release();
    this.#requests += isWaiting ? 1 : -1;
    if (isWaiting && this.#requests === 1) {
      this.#stopTimer = startTimer(this.#clock, SAID_AFTER_MS, () => this.#say(true));
    } else if (this.#requests === 0) {
      this.#stopTimer();
      this.#say(false);
    }
  }

  stop(): void {
    this.#stopTimer();
  }

  #say(isWaiting: boolean): void {
    if (isWaiting === this.#isSaid) return;
    this.#isSaid = isWaiting;
    this.#onChange(isWaiting);
  }
}
