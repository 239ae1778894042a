/** Signals in a worker, even while the main thread is blocked. */
import { createRequire } from 'node:module';

/** Required by a worker that calls `onSignals`. */
export const SIGNALS_EXEC_ARGV = ['--expose-internals'];

/**
 * Calls `onSignal` for each signal that the process gets, in addition to the listeners of the main thread. Node offers
 * this only to the main thread, although libuv delivers a signal to every loop that asks for it: so this calls the
 * internal function behind the main thread's `process.on` (docs/adr/021).
 * @returns false = this Node does not have it
 */
export function onSignals(signals: readonly string[], onSignal: (signal: string) => void): boolean {
  if (signals.length === 0) return true;
  try {
    const internal = createRequire(import.meta.url)('internal/process/signal') as {
      startListeningIfSignal(signal: string): void;
    };
    for (const signal of signals) {
      process.on(signal, () => onSignal(signal));
      internal.startListeningIfSignal(signal);
    }
    return true;
  } catch {
    return false;
  }
}
