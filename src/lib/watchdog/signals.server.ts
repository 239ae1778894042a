/** Signals in a worker, whatever the main thread does meanwhile. */
import { createRequire } from 'node:module';

/** What a worker that calls `onSignals` has to be started with. */
export const SIGNALS_EXEC_ARGV = ['--expose-internals'];

/**
 * Calls `onSignal` for each signal that the process is sent, beside the listeners of the main thread, which go on getting
 * theirs. Node offers this to the main thread alone, for no reason in libuv, which hands a signal to each loop that wants
 * it. So this takes what `process.on` of the main thread calls, where this Node has it (docs/adr/021).
 * @returns false where it has not
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
