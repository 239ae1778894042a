/** The main thread's side of the watchdog: it beats, and starts the thread that listens (docs/adr/021). */
import { Worker } from 'node:worker_threads';
import { exposeCurrentJob } from './job-context.ts';
import { LIMITS, type Limits } from './silence.ts';
import { SIGNALS_EXEC_ARGV } from './signals.server.ts';
import { SHARED, type WatchdogTask } from './task.ts';

export interface WatchdogOptions extends Pick<WatchdogTask, 'endsPath' | 'logLevel'> {
  /** The program of the thread. */
  program: URL;
  limits?: Limits;
  /** The thread is gone: nobody ends the process when it is silent. */
  onError: (error: unknown) => void;
}

export interface Watchdog {
  /** From now on silence counts. Resolves when the thread is there, or cannot be (`onError` is told). */
  watch(): Promise<void>;
  close(): Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A heap of 7 MB lives in a worker that does nothing (Node 24.21): a bound for faults of ours, it makes nothing smaller. */
const RESOURCES = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/**
 * Starts the thread, on another core. To be called once the listeners for signals are there: those without
 * one keep ending the process at once.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { program, endsPath, logLevel, limits = LIMITS, onError } = options;
  const shared = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(shared, SHARED.isHeld, 1);
  exposeCurrentJob();
  const workerData: WatchdogTask = {
    shared,
    limits,
    endsPath,
    signals: SIGNALS.filter((signal) => process.listenerCount(signal) > 0),
    logLevel,
  };
  const worker = startThread(program, workerData);
  const started = new Promise<void>((resolve) => {
    worker.once('message', () => resolve());
    worker.once('exit', () => resolve());
  });
  worker.on('error', onError);
  let beat: NodeJS.Timeout | undefined;
  return {
    async watch() {
      await started;
      worker.unref();
      beat = startBeats(shared, limits.tickMs);
    },
    async close() {
      clearInterval(beat);
      await worker.terminate();
    },
  };
}

function startThread(program: URL, workerData: WatchdogTask): Worker {
  // Neither our environment nor what NODE_OPTIONS loads is any of its business.
  const options = { name: 'watchdog', workerData, env: {}, resourceLimits: RESOURCES };
  try {
    return new Worker(program, { ...options, execArgv: SIGNALS_EXEC_ARGV });
  } catch (error) {
    // A Node that does not know the flag: a watchdog without signals is better than no server.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error;
    return new Worker(program, { ...options, execArgv: [] });
  }
}

/** A beat says that the loop has turned, after it looked for signals (libuv polls between timers and immediates). */
function startBeats(shared: Int32Array, everyMs: number): NodeJS.Timeout {
  const inspector = process.getBuiltinModule('node:inspector') as typeof import('node:inspector') | undefined;
  const beat = (): void => {
    // A debugger may hold the main thread as long as it likes.
    Atomics.store(shared, SHARED.isHeld, inspector?.url() === undefined ? 0 : 1);
    Atomics.add(shared, SHARED.beats, 1);
  };
  beat();
  return setInterval(() => setImmediate(beat), everyMs).unref();
}
