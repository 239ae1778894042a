/**
 * Requests that failed when their server had worked on them for a while. To repeat one at once would begin that work again,
 * perhaps beside the first: a zip that is made on the fly, behind a proxy that has given up. Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';

/** A server that refuses a range, or a connection, does so at once. */
export const PROMPT_MS = 10_000;

const late = new WeakSet<SluiceError>();

/** @param elapsedMs since the request began */
export function markLate(error: SluiceError, elapsedMs: number): void {
  if (isLateAnswer(elapsedMs)) late.add(error);
}

/** Whether to ask again would begin the work again that led to an answer. */
export function isLateAnswer(waitedMs: number): boolean {
  return waitedMs >= PROMPT_MS;
}

/** The server received the request, and sent no byte for as long as it was given. */
export function firstByteTimeout(ms: number): SluiceError {
  const error = new SluiceError('timeout', `The server sent no first byte within ${ms / 1000} s.`);
  late.add(error);
  return error;
}

export function isLate(thrown: unknown): boolean {
  return thrown instanceof SluiceError && late.has(thrown);
}
