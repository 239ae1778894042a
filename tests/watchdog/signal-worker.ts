/** Wakes the main thread, which waits in the middle of its turn, when the process gets a signal. */
import { parentPort, workerData } from 'node:worker_threads';
import { onSignals } from '#lib/watchdog/signals.server.ts';

const shared = workerData as Int32Array;
const isListening = onSignals(['SIGTERM'], () => {
  Atomics.store(shared, 0, 1);
  Atomics.notify(shared, 0);
});
setInterval(() => undefined, 1000);
parentPort?.postMessage(isListening);
