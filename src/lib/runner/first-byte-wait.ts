import { startTimer, type RunnerClock } from './clock.ts';

/** Shorter waits are not reported. */
const LONG_WAIT_MS = 2000;

interface FirstByteWaitOptions {
  clock: RunnerClock;
  /** Called at once when the first request begins to wait, and when the last of them has ended. */
  onWaiting: (isWaiting: boolean) => void;
  /** Called when the wait has lasted `LONG_WAIT_MS`, and when such a wait has ended. */
  onLongWait: (isWaiting: boolean) => void;
}

/** Counts the requests of one job that wait for servers to begin: while there are any, the job waits. */
export class FirstByteWait {
  readonly #options: FirstByteWaitOptions;
  #requests = 0;
  #isLong = false;
  #isStopped = false;
  #stopTimer: () => void = () => undefined;

  constructor(options: FirstByteWaitOptions) {
    this.#options = options;
  }

  /** A request begins to wait, or has ended. */
  update(isWaiting: boolean): void {
    if (this.#isStopped) return;
    this.#requests += isWaiting ? 1 : -1;
    if (isWaiting ? this.#requests > 1 : this.#requests > 0) return;
    this.#options.onWaiting(isWaiting);
    this.#stopTimer();
    if (isWaiting) {
      this.#stopTimer = startTimer(this.#options.clock, LONG_WAIT_MS, () => this.#setLong(true));
    } else this.#setLong(false);
  }

  /** Nothing is called from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  #setLong(isLong: boolean): void {
    if (isLong === this.#isLong) return;
    this.#isLong = isLong;
    this.#options.onLongWait(isLong);
  }
}
