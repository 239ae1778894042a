/** Says that it runs, wakes the main thread, and cannot be ended for a moment: it is in native code. */
import { spawnSync } from 'node:child_process';
import { parentPort, workerData } from 'node:worker_threads';

const { shared } = workerData as { shared: Int32Array };
parentPort?.postMessage('runs');
Atomics.store(shared, 0, 1);
Atomics.notify(shared, 0);
spawnSync('sleep', ['0.3']);
