/** `node:worker_threads` for the one thread that the simulated product starts: that which hashes a file. */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Calls } from '../disk/calls.ts';
import { flagsOf } from '../disk/flags.ts';

export function createWorkerThreads(calls: Calls): Record<string, unknown> {
  class Worker extends EventEmitter {
    #isTerminated = false;

    constructor(_url: URL, { workerData: { path } }: { workerData: { path: string } }) {
      super();
      void this.#hash(path);
    }

    async #hash(path: string): Promise<void> {
      const { disk } = calls;
      try {
        const file = await calls.later('open', path, () => disk.open(path, flagsOf('r'), 0));
        const data = await calls.later('read', path, () => {
          const bytes = Buffer.alloc(file.inode.size);
          disk.read(file, bytes, 0);
          return bytes;
        });
        await calls.later('close', path, () => disk.close(file));
        const sha256 = createHash('sha256').update(data).digest('hex');
        if (!this.#isTerminated) this.emit('message', { sha256, bytes: data.length, changed: false });
      } catch (thrown) {
        if (!this.#isTerminated) this.emit('error', thrown);
      }
      this.emit('exit', 0);
    }

    async terminate(): Promise<void> {
      this.#isTerminated = true;
    }
  }
  return { startWorker: (url: URL, options: { workerData: { path: string } }) => new Worker(url, options) };
}
