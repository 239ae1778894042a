/** Timers, clocks and randomness as the product's code sees them: those of the virtual world, for one process. */
import type { Random } from './random.ts';
import type { Life, Scheduled, Scheduler } from './scheduler.ts';

/** The machine's wall clock, which people and time servers set. */
export interface WallClock {
  /** ms since 1970 at the beginning of the world, plus all that it was set forward or back by. */
  offsetMs: number;
}

/** Those of one process. */
export interface Globals {
  setTimeout(call: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): unknown;
  setInterval(call: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): unknown;
  setImmediate(call: (...args: unknown[]) => void, ...args: unknown[]): unknown;
  /** As `setTimeout` of node:timers/promises. */
  sleep: (ms?: number, value?: unknown, options?: { signal?: AbortSignal }) => Promise<unknown>;
  wallNow(): number;
  /** ms since the process began. */
  monotonicNow(): number;
  random(): number;
}

class SimTimeout {
  entry: Scheduled | null = null;
  isCleared = false;
  again: () => void = () => undefined;
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  refresh(): this {
    if (!this.isCleared) this.again();
    return this;
  }
  close(): this {
    clear(this);
    return this;
  }
}

export function clear(timer: unknown): void {
  if (!(timer instanceof SimTimeout)) return;
  timer.isCleared = true;
  if (timer.entry !== null) timer.entry.run = null;
}

export function createGlobals(scheduler: Scheduler, life: Life, wall: WallClock, random: Random): Globals {
  const startedAt = scheduler.now;
  const start = (delayMs: unknown, isRepeated: boolean, call: () => void): SimTimeout => {
    const timer = new SimTimeout();
    // As Node has it: at least 1 ms, and whole.
    const ms = Math.max(1, Math.trunc(Number(delayMs) || 1));
    timer.again = () => {
      if (timer.entry !== null) timer.entry.run = null;
      timer.entry = scheduler.schedule(ms, life, () => {
        if (isRepeated) timer.again();
        call();
      });
    };
    timer.again();
    return timer;
  };
  const setTimeout = (call: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): SimTimeout =>
    start(ms, false, () => call(...args));
  const setInterval = (call: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): SimTimeout =>
    start(ms, true, () => call(...args));
  const setImmediate = (call: (...args: unknown[]) => void, ...args: unknown[]): SimTimeout => {
    const timer = new SimTimeout();
    timer.entry = scheduler.schedule(0, life, () => call(...args));
    return timer;
  };
  const wallNow = (): number => Math.floor(wall.offsetMs + scheduler.now);
  const sleep = (ms?: number, value?: unknown, options: { signal?: AbortSignal } = {}): Promise<unknown> => {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        clear(timer);
        reject(
          Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }),
        );
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      }, ms);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  };
  return {
    setTimeout,
    setInterval,
    setImmediate,
    sleep,
    wallNow,
    monotonicNow: () => scheduler.now - startedAt,
    random: () => random.next(),
  };
}

/** What the product's script gets in place of the real ones, whichever process it runs in at the time. */
export function sharedGlobals(current: () => Globals): Record<string, unknown> {
  class SimDate extends Date {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [current().wallNow()] : args) as [number]));
    }
    static override now(): number {
      return current().wallNow();
    }
  }
  const math = Object.create(null, Object.getOwnPropertyDescriptors(Math)) as Math;
  Object.defineProperty(math, 'random', { value: () => current().random() });
  return {
    setTimeout: (...args: Parameters<Globals['setTimeout']>) => current().setTimeout(...args),
    setInterval: (...args: Parameters<Globals['setInterval']>) => current().setInterval(...args),
    setImmediate: (...args: Parameters<Globals['setImmediate']>) => current().setImmediate(...args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    Date: SimDate,
    Math: math,
    performance: { now: () => current().monotonicNow() },
  };
}
