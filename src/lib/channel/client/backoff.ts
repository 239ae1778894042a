export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 15_000;
/** After 1013 (busy), back off as if four attempts had failed: up to 4 s before the next one. */
export const BUSY_MIN_ATTEMPT = 4;

/**
 * Milliseconds to wait before attempt `attempt` (0 = the first after a loss): random between 0 and a ceiling that
 * doubles with each attempt. Full jitter, because after a restart all tabs of all browsers reconnect at once.
 * Source: AWS Architecture Blog, "Exponential Backoff and Jitter".
 *
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceilingMs = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * ceilingMs);
}
