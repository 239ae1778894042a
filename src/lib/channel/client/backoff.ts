export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 15_000;
/** A busy server (1013) is left alone as if four attempts had already failed: up to 4 s before the first. */
export const BUSY_ATTEMPT = 4;

/**
 * Milliseconds to wait before attempt `attempt` (0 = the first one after a loss): anywhere between nothing and a
 * ceiling that doubles. Full jitter, because after a restart every tab of every browser is in the same boat.
 * Source: AWS Architecture Blog, "Exponential Backoff and Jitter".
 *
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceilingMs = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * ceilingMs);
}
