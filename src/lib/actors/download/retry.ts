import type { ErrorCode } from '../../protocol/error.ts';
import type { RunnerFailure } from '../../protocol/runner.ts';
import { isAway } from '../../protocol/unreachable.ts';

/** Automatic retries after transient failures; the contract asks for at least 3. */
export const MAX_RETRIES = 5;
/** 1, 2, 4, 8, 16 s: with MAX_RETRIES about half a minute, long enough for a server to restart. */
const BASE_MS = 1_000;
/** The longest Retry-After of a server that is honoured: an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** A download whose bytes were removed begins anew after this; whatever removed them may still be at it. */
const BYTES_REMOVED_MS = 5_000;
/** A full disk is checked again every 15 to 30 s: a person who made room sees the download resume soon. */
const DISK_MS = 15_000;
/** Downloads that the disk or the network makes wait before they look less often: some 5 looks a second at the most. */
const MANY_WAITING = 100;
/** After the probe of what is away: it may take a moment, and all that wait are woken at once where it succeeds. */
const AWAY_MS = 1_000;
/** What ends when somebody makes room, mounts the disk or repairs it: nobody's failure, waited for without a limit. */
const FOR_DISK: readonly ErrorCode[] = [
  'disk_full',
  'disk_share',
  'person_limit',
  'disk_missing',
  'disk_denied',
  'disk_read_only',
  'disk_error',
];

type Failure = Pick<RunnerFailure, 'code' | 'transient'>;

function isForDisk({ code, transient }: Failure): boolean {
  return transient && FOR_DISK.includes(code);
}

/** Failures that are not the download's own. */
function isUncounted(error: Failure): boolean {
  return isForDisk(error) || error.code === 'work_removed' || (error.transient && isAway(error));
}

/** @param failures transient failures so far, 0 for the first */
export function mayRetry(error: Failure, failures: number): boolean {
  return isUncounted(error) || (error.transient && failures < MAX_RETRIES);
}

/** The failures that count against a download after this one. */
export function failuresAfter(error: Failure, failures: number): number {
  return isUncounted(error) ? failures : failures + 1;
}

/**
 * How long to wait, in ms, before the next attempt after `error`.
 * @param failures transient failures so far, 0 for the first
 * @param waiting number of waiting downloads of the session
 * @param random 0 ≤ random < 1
 */
export function waitMs(
  error: Pick<RunnerFailure, 'code' | 'transient' | 'retryAfterMs'>,
  failures: number,
  waiting: number,
  random: number,
): number {
  if (error.code === 'work_removed') return BYTES_REMOVED_MS;
  const spread = Math.max(1, waiting / MANY_WAITING);
  if (isAway(error)) return Math.round(((error.retryAfterMs ?? 0) + AWAY_MS * (1 + random)) * spread);
  if (!isForDisk(error)) return retryDelayMs(failures, error.retryAfterMs, random);
  return Math.round(DISK_MS * (1 + random) * spread);
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
