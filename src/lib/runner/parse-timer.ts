import { startTimer, type RunnerClock } from './clock.ts';

type Phase = 'working' | 'waiting';

/**
 * Limits a look-up by two times that add up: that of its own work, and what servers take to begin. One of them runs at a
 * time; `onEnd` is called when it is used up.
 */
export class ParseTimer {
  readonly #clock: RunnerClock;
  readonly #leftMs: Record<Phase, number>;
  readonly #onEnd: () => void;
  #phase: Phase = 'working';
  #startedAt = 0;
  #stopTimer: () => void = () => undefined;

  constructor(clock: RunnerClock, limitsMs: Record<Phase, number>, onEnd: () => void) {
    this.#clock = clock;
    this.#leftMs = { ...limitsMs };
    this.#onEnd = onEnd;
    this.#start();
  }

  switchTo(phase: Phase): void {
    this.#stopTimer();
    this.#leftMs[this.#phase] -= this.#clock.now() - this.#startedAt;
    this.#phase = phase;
    this.#start();
  }

  stop(): void {
    this.#stopTimer();
  }

  #start(): void {
    this.#startedAt = this.#clock.now();
    this.#stopTimer = startTimer(this.#clock, Math.max(0, this.#leftMs[this.#phase]), this.#onEnd);
  }
}
