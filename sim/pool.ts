/** Worker processes, one for each core, and a queue of seeds for them. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Order, Ran, Shown } from './worker.ts';

/** Seeds of one order: half a second or so. */
const BATCH = 40;

export class Pool {
  readonly #workers: ChildProcess[];

  constructor(code: string, jobs: number) {
    this.#workers = Array.from({ length: jobs }, () => {
      const worker = fork(join(import.meta.dirname, 'worker.ts'), { serialization: 'advanced' });
      worker.send({ do: 'load', code } satisfies Order);
      return worker;
    });
  }

  /** @param onRan called with each batch; false = enough */
  async run(seed: number, runs: number, onRan: (ran: Ran) => boolean): Promise<void> {
    let next = seed;
    let isEnough = false;
    const work = async (worker: ChildProcess): Promise<void> => {
      while (next < seed + runs && !isEnough) {
        const from = next;
        const count = Math.min(BATCH, seed + runs - from);
        next += count;
        const ran = await ask<Ran>(worker, { do: 'run', from, count });
        if (!onRan(ran)) isEnough = true;
      }
    };
    await Promise.all(this.#workers.map(work));
  }

  show(order: Omit<Extract<Order, { do: 'show' }>, 'do'>): Promise<Shown> {
    return ask<Shown>(this.#workers[0] as ChildProcess, { do: 'show', ...order });
  }

  close(): void {
    for (const worker of this.#workers) worker.disconnect();
  }
}

function ask<Answer>(worker: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('A worker of the simulation ended.'));
    worker.once('exit', ended);
    worker.once('message', (answer) => {
      worker.off('exit', ended);
      resolve(answer as Answer);
    });
    worker.send(order);
  });
}
