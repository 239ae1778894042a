import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onSignals, SIGNALS_EXEC_ARGV } from '#lib/watchdog/signals.server.ts';
import { settles } from '../support/wait.ts';

const WORKER = new URL('signal-worker.ts', import.meta.url);
/** A hang deadline of the wait that blocks this thread. */
const DEADLINE_MS = 20_000;

test('a worker gets a signal while the main thread is blocked, and the main thread gets it afterwards', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(WORKER, { workerData: shared, env: {}, execArgv: SIGNALS_EXEC_ARGV });
  const got = once(process, 'SIGTERM');
  try {
    assert.equal(await once(worker, 'message'), [true]);
    process.kill(process.pid, 'SIGTERM');
    assert.is.not(Atomics.wait(shared, 0, 0, DEADLINE_MS), 'timed-out');
    await settles(got, { what: 'the signal in the main thread' });
  } finally {
    await worker.terminate();
  }
});

test('where Node has no such function onSignals returns false, and signals have their usual effect', () => {
  assert.is(
    onSignals(['SIGUSR2'], () => undefined),
    false,
  );
  assert.is(process.listenerCount('SIGUSR2'), 0);
});

test.run();
