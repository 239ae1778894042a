import type { RunnerFailure } from '../../protocol/runner.ts';

/** Tries that a transient failure gets by itself before it is final; the contract asks for at least 3. */
export const MAX_RETRIES = 5;
/** 1, 2, 4, 8, 16 s: with MAX_RETRIES about half a minute, long enough for a server to restart. */
const BASE_MS = 1_000;
/** A server may ask for a longer wait than ours, but not for more than an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export function mayRetry(error: Pick<RunnerFailure, 'transient'>, failures: number): boolean {
  return error.transient && failures < MAX_RETRIES;
}

/**
 * How long to wait, in ms, before the next try: exponential with up to 25 % jitter, so that downloads that failed
 * together do not come back together; never less than the server's Retry-After.
 * @param failures transient failures so far, 0 for the first
 * @param random 0 ≤ random < 1
 */
export function retryDelayMs(failures: number, retryAfterMs: number | null, random: number): number {
  const backoff = BASE_MS * 2 ** Math.min(failures, 16) * (1 + random / 4);
  return Math.round(Math.max(backoff, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)));
}
