import type { HangLimits } from './hang-detector.ts';

/** `workerData` of the watchdog's thread. */
export interface WatchdogThreadData {
  /** See `SHARED_INDEX`. */
  shared: Int32Array;
  limits: HangLimits;
  /** Where terminations are recorded. */
  historyPath: string;
  /** Signals that the main thread handles. */
  signals: NodeJS.Signals[];
  logLevel: string;
}

/** Indexes of `shared`: the number of heartbeats, and 1 while silence is allowed (at the start, with a debugger). */
export const SHARED_INDEX = { heartbeats: 0, isPaused: 1 } as const;
