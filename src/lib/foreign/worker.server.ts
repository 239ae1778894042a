/** The thread that reads untrusted text, one read after the other. Bundled separately (`scripts/build.ts`). */
import { parentPort } from 'node:worker_threads';
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { buffersIn } from './buffers.ts';
import { serializeError, type SerializedError } from './serialized-error.ts';
import type { ReaderName } from './port.ts';
import { readers } from './readers.ts';

export interface Task {
  name: ReaderName;
  input: unknown;
}

export type Result =
  | { output: unknown }
  /** `thrown`: stack of an unexpected error, for the log. */
  | { error: SerializedError; thrown: string | null };

/** Posted when a read begins, without a result, and when it ends. `cpuMs`: of this thread since its start. */
export interface Report {
  cpuMs: number;
  result: Result | null;
}

function resultOf({ name, input }: Task): Result {
  try {
    return { output: (readers[name] as (input: unknown) => unknown)(input) };
  } catch (thrown) {
    if (thrown instanceof RangeError) {
      // A string that is too long, or a stack overflow.
      return { error: serializeError(new SluiceError('too_complex')), thrown: null };
    }
    const error = toSluiceError(thrown);
    return {
      error: serializeError(error),
      thrown: error === thrown ? null : String((thrown as Error).stack),
    };
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
