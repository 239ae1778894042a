/** The main thread's side of the watchdog: starts the thread that watches, and gives heartbeats (docs/adr/021). */
import { Worker } from 'node:worker_threads';
import { exposeCurrentJob } from './job-context.ts';
import { HANG_LIMITS, type HangLimits } from './hang-detector.ts';
import { SIGNALS_EXEC_ARGV } from './signals.server.ts';
import { SHARED_INDEX, SILENCE, type WatchdogThreadData } from './thread-data.ts';

interface WatchdogOptions extends Pick<WatchdogThreadData, 'historyPath' | 'logLevel'> {
  /** The program of the thread. */
  program: URL;
  limits?: HangLimits;
  /** The thread has died: a blocked process will not be ended. */
  onError: (error: unknown) => void;
}

export interface Watchdog {
  /** Starts the heartbeats. Resolves when the thread runs, or has failed (`onError`). */
  watch(): Promise<void>;
  close(): Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A bound in case of faults: an idle worker has a heap of 7 MB (Node 24.21). */
const RESOURCES = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/**
 * Starts the thread. To be called once the signal listeners are registered: a signal without one ends the process at
 * once, as before.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { program, historyPath, logLevel, limits = HANG_LIMITS, onError } = options;
  const shared = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(shared, SHARED_INDEX.silence, SILENCE.starting);
  exposeCurrentJob();
  const workerData: WatchdogThreadData = {
    shared,
    limits,
    historyPath,
    signals: SIGNALS.filter((signal) => process.listenerCount(signal) > 0),
    logLevel,
  };
  const worker = startThread(program, workerData);
  const started = new Promise<void>((resolve) => {
    worker.once('message', () => resolve());
    worker.once('exit', () => resolve());
  });
  worker.on('error', onError);
  let heartbeats: NodeJS.Timeout | undefined;
  let isClosed = false;
  return {
    async watch() {
      await started;
      // `terminate` holds the event loop until the thread has ended; an `unref` after it would let the process go first.
      if (isClosed) return;
      worker.unref();
      heartbeats = startHeartbeats(shared, limits.tickMs);
    },
    async close() {
      isClosed = true;
      clearInterval(heartbeats);
      await worker.terminate();
    },
  };
}

function startThread(program: URL, workerData: WatchdogThreadData): Worker {
  // Without our environment, and without what NODE_OPTIONS loads.
  const options = { name: 'watchdog', workerData, env: {}, resourceLimits: RESOURCES };
  try {
    return new Worker(program, { ...options, execArgv: SIGNALS_EXEC_ARGV });
  } catch (error) {
    // This Node does not know the flag: then the watchdog runs without signals.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error;
    return new Worker(program, { ...options, execArgv: [] });
  }
}

/** A heartbeat means that the loop has turned and polled for signals (libuv polls between timers and immediates). */
function startHeartbeats(shared: Int32Array, everyMs: number): NodeJS.Timeout {
  const inspector = process.getBuiltinModule('node:inspector') as typeof import('node:inspector') | undefined;
  const beat = (): void => {
    // A debugger may pause the main thread for any time.
    const isDebugged = inspector?.url() !== undefined;
    Atomics.store(shared, SHARED_INDEX.silence, isDebugged ? SILENCE.debugged : SILENCE.counted);
    Atomics.add(shared, SHARED_INDEX.heartbeats, 1);
  };
  beat();
  return setInterval(() => setImmediate(beat), everyMs).unref();
}
