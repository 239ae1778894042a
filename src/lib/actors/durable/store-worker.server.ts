/** The thread that copies and checks a store. A bundle of its own (`scripts/build.ts`). */
import { parentPort, workerData } from 'node:worker_threads';
import type { ErrorView } from '../../protocol/error.ts';
import { toStoreError } from './open.server.ts';
import { runTask, type StoreCheck, type StoreTask } from './store-task.server.ts';

export type TaskAnswer = { result: StoreCheck | null } | { error: ErrorView };

function answer(task: StoreTask): TaskAnswer {
  try {
    return { result: runTask(task) };
  } catch (error) {
    return { error: toStoreError(error).view };
  }
}

parentPort?.postMessage(answer(workerData as StoreTask));
