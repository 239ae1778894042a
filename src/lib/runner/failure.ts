import { toSluiceError, type SluiceError } from '../protocol/error.ts';
import type { RunnerFailure } from '../protocol/runner.ts';
import { asDiskError } from '../files/disk-error.ts';

/** What was thrown, as the port carries it: no stack, no path. Unknown things are `internal_error`. */
export function toFailure(thrown: unknown): RunnerFailure {
  const error = known(thrown);
  return { ...error.view, transient: error.transient, retryAfterMs: error.retryAfterMs };
}

export function known(thrown: unknown): SluiceError {
  return asDiskError(thrown) ?? toSluiceError(thrown);
}

/** Rejects with the signal's reason as soon as it aborts, however long `promise` takes or whether it ever ends. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
