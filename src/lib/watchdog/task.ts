import type { Limits } from './silence.ts';

/** What the thread is given by the one that starts it. */
export interface WatchdogTask {
  /** Memory of both, see `SHARED`. */
  shared: Int32Array;
  limits: Limits;
  /** Where an end is noted. */
  endsPath: string;
  /** Signals that the main thread acts on. */
  signals: NodeJS.Signals[];
  logLevel: string;
}

/** By index: beats of the main thread so far, and 1 while it may be silent, as before it watches or with a debugger. */
export const SHARED = { beats: 0, isHeld: 1 } as const;
