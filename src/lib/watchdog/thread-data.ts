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

/** Indexes of `shared`: the number of heartbeats, and a value of `SILENCE`. */
export const SHARED_INDEX = { heartbeats: 0, silence: 1 } as const;

/** Whether the event loop may be silent: it has to run, the store is being opened, or a debugger is attached. */
export const SILENCE = { counted: 0, starting: 1, debugged: 2 } as const;
