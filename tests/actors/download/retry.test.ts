import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import type { DownloadEvent } from '#lib/actors/download/events.ts';
import { downloadMachine } from '#lib/actors/download/machine.ts';
import { failuresAfter, MAX_RETRIES, mayRetry, waitMs } from '#lib/actors/download/retry.ts';
import { newRow } from '#lib/actors/download/row.ts';

const full = { code: 'disk_full', transient: true, retryAfterMs: null } as const;
const lost = { code: 'connection_lost', transient: true, retryAfterMs: null } as const;
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });

test('a full disk is checked again after 15 to 30 s, whatever failed before', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(100), fraction, (failures, waiting, random) => {
      assert.ok(mayRetry(full, failures));
      assert.is(failuresAfter(full, failures), failures);
      const ms = waitMs(full, failures, waiting, random);
      assert.ok(ms >= 15_000 && ms <= 30_000, String(ms));
    }),
  );
});

test('a missing, denied, read-only or failing disk is waited for as a full one is', () => {
  for (const code of ['disk_missing', 'disk_denied', 'disk_read_only', 'disk_error'] as const) {
    const error = { code, transient: true, retryAfterMs: null };
    assert.ok(mayRetry(error, 1_000), code);
    assert.is(failuresAfter(error, 3), 3, code);
    assert.is(waitMs(error, 3, 0, 0), 15_000, code);
    const final = { ...error, transient: false };
    assert.not.ok(mayRetry(final, 0), code);
  }
});

test('a download whose bytes were removed begins anew after 5 s, and that is not its failure', () => {
  const removed = { code: 'work_removed', transient: true, retryAfterMs: null } as const;
  assert.ok(mayRetry(removed, MAX_RETRIES));
  assert.is(failuresAfter(removed, 2), 2);
  assert.is(waitMs(removed, 2, 1_000, 0.9), 5_000);
});

test('however many downloads wait for disk space, they check at most some five times a second', () => {
  for (const waiting of [200, 1_000, 25_000]) {
    assert.ok(waiting / (waitMs(full, 0, waiting, 0) / 1000) < 7, String(waiting));
  }
});

test('other failures back off, count, and end after the last retry', () => {
  assert.equal(
    [0, 1, 2, 3, 4].map((failures) => waitMs(lost, failures, 0, 0)),
    [1_000, 2_000, 4_000, 8_000, 16_000],
  );
  assert.is(waitMs({ ...lost, retryAfterMs: 60_000 }, 0, 0, 0), 60_000);
  assert.is(failuresAfter(lost, 2), 3);
  assert.not.ok(mayRetry(lost, MAX_RETRIES));
  assert.not.ok(mayRetry({ ...lost, transient: false }, 0));
});

const caused = { at: 1, cause: 'test' };
const run: DownloadEvent = { ...caused, type: 'run' };
const due: DownloadEvent = { ...caused, type: 'due', cause: 'alarm' };
const diskFull: DownloadEvent = {
  ...caused,
  type: 'failed',
  dueAt: 15_000,
  error: { ...full, message: 'The disk is full.' },
};

/** A download whose disk is full. */
function waiting() {
  const body = { url: 'https://example.org/a', streamId: null, engine: null, filename: null, title: null };
  const nothing = (): void => undefined;
  const effects = {
    askRunner: nothing,
    stopRunner: nothing,
    discardBytes: nothing,
    settleRunner: nothing,
    setDeadline: nothing,
  };
  const row = newRow('abcdefghijkl', 1, body, 1, 'test');
  const actor = createActor(downloadMachine, { input: { row, effects } });
  actor.start();
  actor.send(run);
  actor.send({ ...caused, type: 'phase', phase: 'download', engine: 'http', title: null, totalBytes: 9 });
  actor.send(diskFull);
  return { send: actor.send.bind(actor), row: () => actor.getSnapshot().context.row };
}

test('a full disk is retried without a limit, uses up no retries, and leaves one line of history', () => {
  const { send, row } = waiting();
  const { history } = row();
  for (let look = 0; look < 10 * MAX_RETRIES; look++) {
    for (const event of [due, run, diskFull]) send(event);
    assert.is(row().state, 'waiting', `look ${look + 1}`);
  }
  assert.is(row().error?.code, 'disk_full');
  assert.is(row().failures, 0);
  assert.equal(row().history, history);
  for (const event of [due, run]) send(event);
  send({ ...caused, type: 'done', file: { name: 'a', bytes: 9 } });
  assert.is(row().state, 'complete');
  assert.is(row().error, null);
});

test('a download that waits for disk space can be paused, resumed at once, and cancelled', () => {
  for (const [type, state] of [
    ['pause', 'paused'],
    ['resume', 'queued'],
    ['cancel', 'cancelled'],
  ] as const) {
    const { send, row } = waiting();
    send({ ...caused, type });
    assert.is(row().state, state);
  }
});

test.run();
