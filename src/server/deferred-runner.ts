import type { RunnerTap } from '#lib/inspector/taps/runner.ts';
import type { RunnerPort } from '#lib/protocol/runner.ts';

/** Queues commands until the runner exists: an alarm can wake a session before that. */
export class DeferredRunner implements RunnerPort {
  #queued: Parameters<RunnerPort['send']>[] = [];
  #runner: RunnerPort | null = null;
  readonly #tap: Pick<RunnerTap, 'recordCommand'>;

  constructor(tap: Pick<RunnerTap, 'recordCommand'>) {
    this.#tap = tap;
  }

  send(...command: Parameters<RunnerPort['send']>): void {
    this.#tap.recordCommand(...command);
    if (this.#runner) this.#runner.send(...command);
    else this.#queued.push(command);
  }

  connect(runner: RunnerPort): void {
    this.#runner = runner;
    for (const command of this.#queued.splice(0)) runner.send(...command);
  }
}
