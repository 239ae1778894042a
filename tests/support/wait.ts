/** Waits for conditions, never for a fixed time. A deadline only turns a hang into a failure that names the condition. */
export interface WaitOptions {
  /** Hang deadline in ms. */
  deadlineMs?: number;
  what?: string;
}

/** A probe may cost as much as what it waits for: it reads all of /proc, or asks the server that is to get on. */
const SOONEST_MS = 5;
const LATEST_MS = 40;

/** Resolves with the first truthy value of `probe`, which is called every 5 ms at first and every 40 ms after 0.4 s. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { deadlineMs = 30_000, what = 'a condition' }: WaitOptions = {},
): Promise<NonNullable<Exclude<T, false | '' | 0>>> {
  const startedAt = performance.now();
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<Exclude<T, false | '' | 0>>;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > deadlineMs) throw new Error(`gave up after ${deadlineMs} ms waiting for ${what}`);
    const pauseMs = Math.min(LATEST_MS, Math.max(SOONEST_MS, waitedMs / 10));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Rejects when `promise` has not settled by the hang deadline. */
export async function settles<T>(promise: Promise<T>, options: WaitOptions = {}): Promise<T> {
  const { deadlineMs = 30_000, what = 'a promise' } = options;
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`gave up after ${deadlineMs} ms waiting for ${what}`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([promise, hang]);
  } finally {
    clearTimeout(timer);
  }
}
