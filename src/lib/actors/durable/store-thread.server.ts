import { Worker } from 'node:worker_threads';
import { SluiceError } from '../../protocol/error.ts';
import type { StoreCheck, StoreTask } from './store-task.server.ts';
import type { TaskAnswer } from './store-worker.server.ts';

/** Beside this file in the sources, beside the bundle in the build. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? 'store-worker.server.ts' : 'store-worker.js',
  import.meta.url,
);

/**
 * Runs a task in a thread. SQLite is one library in the process: it knows that another connection has the file, and keeps
 * the lock when the thread closes its own.
 * @throws SluiceError `store_*`, `disk_*`
 */
export function runStoreTask(task: StoreTask): Promise<StoreCheck | null> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: task, env: {} });
    let answer: TaskAnswer | null = null;
    worker.once('message', (message: TaskAnswer) => void (answer = message));
    worker.once('error', reject);
    worker.once('exit', () => {
      if (answer === null) reject(new SluiceError('internal_error', 'The thread ended without an answer.'));
      else if ('error' in answer) reject(new SluiceError(answer.error.code, answer.error.message));
      else resolve(answer.result);
    });
  });
}
