/** Waits for conditions, never for a fixed time. A deadline only turns a hang into a failure that names the condition. */
export interface WaitOptions {
  /** Hang deadline in ms. */
  deadlineMs?: number;
  what?: string;
}

/** Resolves with the first truthy value of `probe`, which is called every few ms. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { deadlineMs = 30_000, what = 'a condition' }: WaitOptions = {},
): Promise<NonNullable<Exclude<T, false | '' | 0>>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<Exclude<T, false | '' | 0>>;
    if (performance.now() > end) throw new Error(`gave up after ${deadlineMs} ms waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
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
