import type { RunnerFailure } from '../../protocol/runner.ts';

/** Automatic retries after transient failures; the contract asks for at least 3. */
export const MAX_RETRIES = 5;
/** 1, 2, 4, 8, 16 s: with MAX_RETRIES about half a minute, long enough for a server to restart. */
const BASE_MS = 1_000;
/** The longest Retry-After of a server that is honoured: an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** A full disk is checked again every 15 to 30 s, so that a person who made room sees it go on. */
const DISK_FULL_MS = 15_000;
/** With more waiting downloads, each checks less often: some 5 checks a second in all. */
const DISK_FULL_WAITING = 100;

/** A full disk does not count as a failure: retried without a limit. */
function isForRoom({ code }: Pick<RunnerFailure, 'code'>): boolean {
  return code === 'disk_full';
}

/** @param failures transient failures so far, 0 for the first */
export function mayRetry(error: Pick<RunnerFailure, 'code' | 'transient'>, failures: number): boolean {
  return isForRoom(error) || (error.transient && failures < MAX_RETRIES);
}

/** The failures that count against a download after this one. */
export function failuresAfter(error: Pick<RunnerFailure, 'code'>, failures: number): number {
  return isForRoom(error) ? failures : failures + 1;
}

/**
 * How long to wait, in ms, before the next attempt after `error`.
 * @param failures transient failures so far, 0 for the first
 * @param waiting number of waiting downloads of the session
 * @param random 0 ≤ random < 1
 */
export function waitMs(
  error: Pick<RunnerFailure, 'code' | 'retryAfterMs'>,
  failures: number,
  waiting: number,
  random: number,
): number {
  if (!isForRoom(error)) return retryDelayMs(failures, error.retryAfterMs, random);
  return Math.round(DISK_FULL_MS * (1 + random) * Math.max(1, waiting / DISK_FULL_WAITING));
}

/**
 * Backoff in ms: exponential with up to 25 % jitter, so that downloads that failed together are not retried
 * together; never less than the server's Retry-After.
 * @param failures transient failures so far, 0 for the first
 * @param random 0 ≤ random < 1
 */
export function retryDelayMs(failures: number, retryAfterMs: number | null, random: number): number {
  const backoff = BASE_MS * 2 ** Math.min(failures, 16) * (1 + random / 4);
  return Math.round(Math.max(backoff, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)));
}
