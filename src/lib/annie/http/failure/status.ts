/** Errors for HTTP statuses. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import { type Head, isRadio } from '../head/head.ts';
import { isLate } from './late-failure.ts';
import { withStatus } from './refusal.ts';

/** Besides 429 and 503: of hosts that limit connections or traffic, in their own ways. */
const BUSY = [420, 421, 425, 429, 503, 509];

/** Longer waits that a server asks for are cut to an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Retry-After in ms: delay seconds or an HTTP date (RFC 9110, section 10.2.3). Null when absent or unreadable.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, waitMs));
}

/**
 * Whether an error may be about the Range of a request: some servers and firewalls refuse each, and serve the whole file.
 * Not what says that the file is gone, or when to come back, nor what comes late.
 */
export function mayRefuseRange(thrown: unknown): thrown is SluiceError {
  if (!(thrown instanceof SluiceError) || thrown.retryAfterMs !== null || isLate(thrown)) return false;
  return ['remote_status', 'remote_denied', 'remote_error', 'connection_lost'].includes(thrown.code);
}

/** As `mayRefuseRange`, for a request that asked for the whole by a range: nothing is known yet that speaks against it. */
export function mayRefuseFirstRange(thrown: unknown): thrown is SluiceError {
  if (mayRefuseRange(thrown)) return true;
  if (!(thrown instanceof SluiceError) || thrown.retryAfterMs !== null || isLate(thrown)) return false;
  return ['remote_not_found', 'remote_busy', 'not_http', 'too_many_redirects'].includes(thrown.code);
}

/** The error for a status that is not a success (2xx) nor a redirect that can be followed. */
export function statusError(status: number, retryAfter: string | null, nowMs: number): SluiceError {
  const message = `The server answered ${status}.`;
  if (status === 404 || status === 410)
    return withStatus(new SluiceError('remote_not_found', message), status);
  if ([401, 403, 407, 451].includes(status))
    return withStatus(new SluiceError('remote_denied', message), status);
  if (status === 408) return new SluiceError('timeout', message);
  const waitMs = retryAfterMs(retryAfter, nowMs);
  const details = waitMs === null ? {} : { retryAfterMs: waitMs };
  if (BUSY.includes(status)) return new SluiceError('remote_busy', message, details);
  if (status >= 500 && status <= 599) return new SluiceError('remote_error', message, details);
  return new SluiceError('remote_status', message);
}

/** The error for a response without a file, or without an end, which is discarded; null = it may have one. */
export function noFileError(response: {
  status: number;
  head: Head;
  discard: () => void;
}): SluiceError | null {
  const { status, head } = response;
  const isEmpty = status === 204 || status === 205;
  if (!isEmpty && !isRadio(head)) return null;
  response.discard();
  if (isEmpty) return new SluiceError('remote_status', `The server answered ${status}: there is no file.`);
  return new SluiceError('live_stream', 'The server sends a radio programme, which has no end.');
}
