/** The thread in which strangers' text is read: one read after the other. A bundle of its own (`scripts/build.ts`). */
import { parentPort } from 'node:worker_threads';
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { buffersIn } from './buffers.ts';
import { carry, type CarriedError } from './carried-error.ts';
import type { ReaderName } from './port.ts';
import { readers } from './readers.ts';

export interface Task {
  name: ReaderName;
  input: unknown;
}

export type Result =
  | { output: unknown }
  /** `thrown`: for the log, where the error is none of ours. */
  | { error: CarriedError; thrown: string | null };

/** Posted when a read begins, without a result, and when it is over. `cpuMs`: of this thread since it started. */
export interface Report {
  cpuMs: number;
  result: Result | null;
}

function resultOf({ name, input }: Task): Result {
  try {
    return { output: (readers[name] as (input: unknown) => unknown)(input) };
  } catch (thrown) {
    if (thrown instanceof RangeError) {
      // A text longer than a string can be, a stack too deep: more than there is room for.
      return { error: carry(new SluiceError('too_complex')), thrown: null };
    }
    const error = toSluiceError(thrown);
    return { error: carry(error), thrown: error === thrown ? null : String((thrown as Error).stack) };
  }
}

function report(result: Result | null): void {
  const { user, system } = process.threadCpuUsage();
  const message: Report = { cpuMs: (user + system) / 1000, result };
  parentPort?.postMessage(message, buffersIn(result));
}

parentPort?.on('message', (task: Task) => {
  report(null);
  report(resultOf(task));
});
