/** Time as the runner sees it, so that leases and deadlines are tested on a virtual clock (XState's fits too). */
export interface Clock {
  /** ms, monotonic. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: never): void;
}

export type TimerHandle = ReturnType<Clock['setTimeout']>;

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle: NodeJS.Timeout) => clearTimeout(handle),
};

/** A timer to be stopped once, whatever kind of handle the clock uses. Delays that are not finite never fire. */
export function startTimer(clock: Clock, delayMs: number, callback: () => void): () => void {
  if (!Number.isFinite(delayMs)) return () => undefined;
  const handle = clock.setTimeout(callback, delayMs);
  return () => clock.clearTimeout(handle as never);
}
