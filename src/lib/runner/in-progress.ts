/** Work that is waited for before a runner closes. */
import { type RunnerClock, startTimer } from './clock.ts';

export class InProgress {
  readonly #works = new Set<Promise<unknown>>();

  /** @param onEnd called when it has ended, in whatever way */
  add(work: Promise<unknown>, onEnd: () => void): void {
    this.#works.add(work);
    void work.finally(() => {
      this.#works.delete(work);
      onEnd();
    });
  }

  /** Resolves when all of it has ended, also what is added meanwhile, or after `timeoutMs` on the clock. */
  async ended(clock: RunnerClock, timeoutMs: number): Promise<void> {
    let stopTimer = (): void => undefined;
    const isOver = new Promise<void>((resolve) => {
      stopTimer = startTimer(clock, timeoutMs, resolve);
    });
    while (this.#works.size > 0) {
      const ended = Promise.all(this.#works).then(() => 'ended');
      if ((await Promise.race([ended, isOver])) !== 'ended') break;
    }
    stopTimer();
  }
}
