/** Repeats what failed for a reason that passes by itself. */
import { setTimeout as delay } from 'node:timers/promises';
import { asDiskError } from '../../../files/disk-error.ts';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';

/** Tries in a row without a new byte, and tries in all, before the attempt fails and the runner decides. */
const MAX_IDLE_TRIES = 4;
const MAX_TRIES = 20;
const FIRST_BACKOFF_MS = 200;
const RETRYABLE: readonly ErrorCode[] = [
  'connection_lost',
  'connect_failed',
  'size_mismatch',
  'timeout',
  'remote_busy',
  'remote_error',
];

interface RetryOptions {
  /** Of the runs: while it grows, more of them are made. */
  progress?: () => number;
  /** A server that is busy is asked again; else that is left to the caller. */
  mayBeBusy?: boolean;
}

/** @param run `isLastTry`: if it fails as well without getting further, this rejects */
export async function withRetries<Result>(
  signal: AbortSignal,
  run: (isLastTry: boolean) => Promise<Result>,
  { progress = () => 0, mayBeBusy = true }: RetryOptions = {},
): Promise<Result> {
  let furthest = progress();
  for (let tries = 1, idleTries = 1; ; tries++, idleTries++) {
    const isLastTry = idleTries >= MAX_IDLE_TRIES || tries >= MAX_TRIES;
    try {
      return await run(isLastTry);
    } catch (thrown) {
      signal.throwIfAborted();
      // A server that says when to come back is not asked before.
      const isRetryable =
        thrown instanceof SluiceError &&
        RETRYABLE.includes(thrown.code) &&
        thrown.retryAfterMs === null &&
        (mayBeBusy || thrown.code !== 'remote_busy');
      const isFurther = progress() > furthest;
      if (!isRetryable || tries >= MAX_TRIES || (isLastTry && !isFurther))
        throw asDiskError(thrown) ?? thrown;
      if (isFurther) [furthest, idleTries] = [progress(), 0];
      const backoffMs = FIRST_BACKOFF_MS * 2 ** Math.max(0, idleTries - 1) * (0.75 + Math.random() / 2);
      await delay(backoffMs, null, { signal });
    }
  }
}
