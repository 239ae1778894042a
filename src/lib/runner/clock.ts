/** Lets leases and deadlines be tested on a virtual clock; XState's `SimulatedClock` is one. */
export interface RunnerClock {
  /** ms, monotonic. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: never): void;
}

export const systemRunnerClock: RunnerClock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle: NodeJS.Timeout) => clearTimeout(handle),
};

/** @returns stops the timer. A delay that is not finite never fires. */
export function startTimer(clock: RunnerClock, delayMs: number, callback: () => void): () => void {
  if (!Number.isFinite(delayMs)) return () => undefined;
  const handle = clock.setTimeout(callback, delayMs);
  return () => clock.clearTimeout(handle as never);
}
