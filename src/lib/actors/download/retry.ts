import type { RunnerFailure } from '../../protocol/runner.ts';
import { isAway } from './away.ts';

/** Tries that a transient failure gets by itself before it is final; the contract asks for at least 3. */
export const MAX_RETRIES = 5;
/** 1, 2, 4, 8, 16 s: with MAX_RETRIES about half a minute, long enough for a server to restart. */
const BASE_MS = 1_000;
/** A server may ask for a longer wait than ours, but not for more than an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** A full disk is looked at again every 15 to 30 s: a person who made room sees it go on while still looking. */
const DISK_FULL_MS = 15_000;
/** Downloads that a full disk makes wait before they look less often: some 5 looks a second, however many wait. */
const DISK_FULL_WAITING = 100;
/** After the probe of what is away: it may take a moment, and all that wait are woken at once where it succeeds. */
const AWAY_MS = 1_000;

/** A full disk is nobody's failure and ends when somebody makes room: it is waited for without a limit. */
function isForRoom({ code }: Pick<RunnerFailure, 'code'>): boolean {
  return code === 'disk_full';
}

/** @param failures transient failures so far, 0 for the first */
export function mayRetry(error: Pick<RunnerFailure, 'code' | 'transient'>, failures: number): boolean {
  return isForRoom(error) || (error.transient && (isAway(error) || failures < MAX_RETRIES));
}

/** The failures that count against a download after this one. */
export function failuresAfter(error: Pick<RunnerFailure, 'code'>, failures: number): number {
  return isForRoom(error) || isAway(error) ? failures : failures + 1;
}

/**
 * How long to wait, in ms, before the next try after `error`.
 * @param failures transient failures so far, 0 for the first
 * @param waiting downloads of the session that wait already
 * @param random 0 ≤ random < 1
 */
export function waitMs(
  error: Pick<RunnerFailure, 'code' | 'retryAfterMs'>,
  failures: number,
  waiting: number,
  random: number,
): number {
  if (isAway(error)) {
    return Math.round(
      ((error.retryAfterMs ?? 0) + AWAY_MS * (1 + random)) * Math.max(1, waiting / DISK_FULL_WAITING),
    );
  }
  if (!isForRoom(error)) return retryDelayMs(failures, error.retryAfterMs, random);
  return Math.round(DISK_FULL_MS * (1 + random) * Math.max(1, waiting / DISK_FULL_WAITING));
}

/**
 * Backoff in ms: exponential with up to 25 % jitter, so that downloads that failed together do not come back
 * together; never less than the server's Retry-After.
 * @param failures transient failures so far, 0 for the first
 * @param random 0 ≤ random < 1
 */
export function retryDelayMs(failures: number, retryAfterMs: number | null, random: number): number {
  const backoff = BASE_MS * 2 ** Math.min(failures, 16) * (1 + random / 4);
  return Math.round(Math.max(backoff, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)));
}
