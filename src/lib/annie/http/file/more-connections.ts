/** When more connections for one file are worth it. Pure. */
import type { ExtraConnection } from '../../engine.ts';

/** More connections only for files that are worth it, and not for those that are complete in a moment anyway. */
const FROM_BYTES = 16 * 1024 * 1024;
const AFTER_MS = 500;
const IF_LEFT_SECONDS = 2;
/** One connection this fast is not throttled by its server; more would only make smaller reads. */
const BELOW_BYTES_PER_MS = 32 * 1024;

/** Where nobody counts connections. */
export const UNCOUNTED: ExtraConnection = {
  signal: new AbortController().signal,
  refused: () => undefined,
  close: () => undefined,
};

/** @param startedBytes of earlier attempts */
export function isWorthwhile(of: {
  totalBytes: number;
  startedBytes: number;
  receivedBytes: number;
  elapsedMs: number;
}): boolean {
  const { totalBytes, startedBytes, receivedBytes, elapsedMs } = of;
  if (totalBytes < FROM_BYTES || elapsedMs < AFTER_MS) return false;
  const bytesPerMs = (receivedBytes - startedBytes) / elapsedMs;
  // Where nothing came yet, the first connection may be the only one that the server grants.
  if (bytesPerMs === 0 || bytesPerMs > BELOW_BYTES_PER_MS) return false;
  return (totalBytes - receivedBytes) / bytesPerMs >= IF_LEFT_SECONDS * 1000;
}
