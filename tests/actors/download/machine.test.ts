import { getShortestPaths } from 'xstate/graph';
import { createActor } from 'xstate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadEvent } from '#lib/actors/download/events.ts';
import { type DownloadEffects, downloadMachine } from '#lib/actors/download/machine.ts';
import { MAX_RETRIES } from '#lib/actors/download/retry.ts';
import { type DownloadRow, newRow } from '#lib/actors/download/row.ts';
import type { Sample } from '#lib/protocol/progress.ts';

const AT = Date.UTC(2026, 10, 23);
const caused = { at: AT, cause: 'test' };
const body = {
  url: 'https://example.org/a/film%20one.mp4',
  streamId: null,
  engine: null,
  filename: null,
  title: null,
};
const phase = (name: 'parse' | 'download' | 'finish'): DownloadEvent => ({
  ...caused,
  type: 'phase',
  phase: name,
  engine: 'http',
  title: 'Film one',
  totalBytes: 1000,
});
const sample = (receivedBytes: number): Sample => ({
  receivedBytes,
  totalBytes: 1000,
  percent: null,
  bytesPerSecond: 100,
  etaSeconds: null,
});
const failed = (transient: boolean): DownloadEvent => ({
  ...caused,
  type: 'failed',
  dueAt: AT + 1000,
  error: { code: 'connection_lost', message: 'gone', transient, retryAfterMs: null },
});
const done: DownloadEvent = { ...caused, type: 'done', file: { name: 'Film one.mp4', bytes: 1000 } };

const noEffects: DownloadEffects = {
  askRunner: () => {},
  stopRunner: () => {},
  discardBytes: () => {},
  settleRunner: () => {},
  setDeadline: () => {},
};

/** A download with a log of its effects. */
function start(row: DownloadRow = newRow('abcdefghijkl', 1, body, AT, 'test')) {
  const effects: string[] = [];
  const note = (name: string) => () => void effects.push(name);
  const actor = createActor(downloadMachine, {
    input: {
      row,
      effects: {
        askRunner: note('ask'),
        stopRunner: note('stop'),
        discardBytes: note('discard'),
        settleRunner: note('settle'),
        setDeadline: note('deadline'),
      },
    },
  }).start();
  return {
    effects,
    send: (...events: DownloadEvent[]) => {
      for (const event of events) actor.send(event);
    },
    can: (event: DownloadEvent) => actor.getSnapshot().can(event),
    value: () => actor.getSnapshot().value,
    row: () => actor.getSnapshot().context.row,
    speed: () => actor.getSnapshot().context.speed,
  };
}

test('a new download waits until its session gives it a slot, then starts its job once', () => {
  const download = start();
  assert.equal(download.value(), { queued: 'held' });
  assert.equal(download.effects, []);
  download.send({ ...caused, type: 'run' });
  assert.equal(download.value(), { queued: 'asked' });
  assert.equal(download.effects, ['ask']);
});

test('a download goes through parse, download and finish to complete, and its row says so at each step', () => {
  const download = start();
  const seen: string[] = [];
  for (const event of [
    { ...caused, type: 'run' } as const,
    phase('parse'),
    phase('download'),
    phase('finish'),
    done,
  ]) {
    download.send(event);
    seen.push(download.row().state);
  }
  assert.equal(seen, ['queued', 'parse', 'download', 'finish', 'complete']);
  assert.equal(download.effects, ['ask', 'settle']);
  const row = download.row();
  assert.is(row.title, 'Film one');
  assert.equal(row.file, { name: 'Film one.mp4', bytes: 1000 });
  assert.is(row.finishedAt, AT);
  assert.equal(
    row.history.map(([, state]) => state),
    ['queued', 'parse', 'download', 'finish', 'complete'],
  );
});

test('the first sample is published at once, the next ones wait for the tick, and an idle window ends the throttling', () => {
  const download = start();
  download.send({ ...caused, type: 'run' }, phase('download'));
  assert.equal(download.value(), { download: 'live' });
  download.send({ ...caused, type: 'sample', sample: sample(100) });
  assert.is(download.row().receivedBytes, 100);
  assert.equal(download.value(), { download: 'throttle' });
  download.send({ ...caused, type: 'sample', sample: sample(200) });
  assert.is(download.row().receivedBytes, 100, 'a sample inside the window moves nothing by itself');
  download.send({ ...caused, type: 'tick', sample: sample(300) });
  assert.is(download.row().receivedBytes, 300);
  assert.equal(download.value(), { download: 'throttle' });
  download.send({ ...caused, type: 'tick', sample: null });
  assert.equal(download.value(), { download: 'live' });
});

test('the speed is cleared when the download stops', () => {
  const download = start();
  download.send({ ...caused, type: 'run' }, phase('download'), {
    ...caused,
    type: 'sample',
    sample: sample(100),
  });
  assert.is(download.speed()?.bytesPerSecond, 100);
  download.send({ ...caused, type: 'pause' });
  assert.is(download.speed(), null);
});

test('pause stops the runner and keeps the bytes; resume goes back to the queue in the same attempt', () => {
  const download = start();
  download.send({ ...caused, type: 'run' }, phase('download'), {
    ...caused,
    type: 'sample',
    sample: sample(400),
  });
  download.send({ ...caused, type: 'pause' });
  assert.is(download.row().state, 'paused');
  assert.is(download.row().receivedBytes, 400);
  download.send({ ...caused, type: 'resume' });
  assert.equal(download.value(), { queued: 'held' });
  assert.is(download.row().attempt, 1);
  assert.equal(download.effects, ['ask', 'stop']);
});

test('a file that was finished before the pause took effect completes the download', () => {
  const download = start();
  download.send({ ...caused, type: 'run' }, phase('download'), { ...caused, type: 'pause' }, done);
  assert.is(download.row().state, 'complete');
  assert.equal(download.effects, ['ask', 'stop', 'settle']);
});

test('cancel discards the bytes from every state that is not final, and retry starts at 0 in a new attempt', () => {
  for (const before of [[], [phase('parse')], [phase('download')], [phase('finish')], [failed(true)]]) {
    const download = start();
    download.send({ ...caused, type: 'run' }, ...before, { ...caused, type: 'cancel' });
    assert.is(download.row().state, 'cancelled');
    assert.is(download.effects.at(-1), 'discard');
    download.send({ ...caused, type: 'retry' });
    assert.is(download.row().state, 'queued');
    assert.is(download.row().attempt, 2);
    assert.is(download.row().receivedBytes, 0);
  }
});

test('a transient failure is retried at its deadline; a permanent one is an error at once', () => {
  const download = start();
  download.send({ ...caused, type: 'run' }, phase('download'), failed(true));
  assert.is(download.row().state, 'waiting');
  assert.is(download.row().dueAt, AT + 1000);
  assert.equal(download.row().error, { code: 'connection_lost', message: 'gone' });
  assert.equal(download.effects, ['ask', 'deadline']);
  download.send({ ...caused, type: 'due' });
  assert.is(download.row().state, 'queued');
  assert.is(download.row().attempt, 2);
  download.send({ ...caused, type: 'run' }, phase('parse'), failed(false));
  assert.is(download.row().state, 'error');
});

test('after the last retry without progress, a transient failure is final', () => {
  const download = start();
  for (let n = 0; n < MAX_RETRIES; n++) {
    download.send({ ...caused, type: 'run' }, phase('download'), failed(true));
    assert.is(download.row().state, 'waiting', `failure ${n + 1}`);
    download.send({ ...caused, type: 'due' });
  }
  download.send({ ...caused, type: 'run' }, phase('download'), failed(true));
  assert.is(download.row().state, 'error');
});

test('progress resets the count of failures', () => {
  const download = start();
  download.send({ ...caused, type: 'run' }, phase('download'), failed(true), { ...caused, type: 'due' });
  assert.is(download.row().failures, 1);
  download.send({ ...caused, type: 'run' }, phase('download'), {
    ...caused,
    type: 'sample',
    sample: sample(10),
  });
  assert.is(download.row().failures, 0);
});

test('bytes that an earlier attempt had do not reset the failures: a server that cannot resume is not retried for ever', () => {
  const download = start();
  // Each attempt starts at 0 and stalls at the same byte.
  const sent: DownloadEvent = { ...caused, type: 'sample', sample: sample(3) };
  const last: DownloadEvent = { ...caused, type: 'tick', sample: sample(10) };
  for (let n = 1; n <= MAX_RETRIES + 1; n++) {
    download.send({ ...caused, type: 'run' }, phase('download'), sent, last, failed(true));
    assert.is(download.row().state, n > MAX_RETRIES ? 'error' : 'waiting', `failure ${n}`);
    download.send({ ...caused, type: 'due' });
  }
});

test('an actor made from a stored row has its state, and no effects but setting a lost deadline again', () => {
  for (const state of [
    'queued',
    'parse',
    'download',
    'finish',
    'paused',
    'waiting',
    'error',
    'cancelled',
  ] as const) {
    const row: DownloadRow = { ...newRow('abcdefghijkl', 1, body, AT, 'test'), state, dueAt: AT };
    const download = start(row);
    assert.is(download.row().state, state);
    assert.equal(download.row().history, row.history, 'reviving is no transition');
    assert.equal(download.effects, state === 'waiting' ? ['deadline'] : []);
  }
});

test('a download that is not running ignores runner events other than a finished file', () => {
  for (const state of ['paused', 'error', 'cancelled'] as const) {
    const row: DownloadRow = { ...newRow('abcdefghijkl', 1, body, AT, 'test'), state };
    const download = start(row);
    download.send(phase('download'), { ...caused, type: 'sample', sample: sample(1) }, failed(true));
    assert.is(download.row().state, state);
  }
});

test('every state can be reached, and every state that is not final has an exit by command', () => {
  const events: DownloadEvent[] = [
    ...(['run', 'pause', 'resume', 'cancel', 'retry', 'due'] as const).map((type) => ({ ...caused, type })),
    phase('parse'),
    phase('download'),
    phase('finish'),
    { ...caused, type: 'sample', sample: sample(10) },
    { ...caused, type: 'tick', sample: null },
    { ...caused, type: 'landed' },
    done,
    failed(true),
    failed(false),
  ];
  const row = newRow('abcdefghijkl', 1, body, AT, 'test');
  const paths = getShortestPaths(downloadMachine, {
    input: { row, effects: noEffects },
    events,
    limit: 20_000,
    serializeState: (state) => `${JSON.stringify(state.value)} ${state.context.row.attempt > 2}`,
    stopWhen: (state) => state.context.row.attempt > 2,
  });
  const reached = new Set(paths.map((path) => JSON.stringify(path.state.value)));
  for (const value of [
    { queued: 'held' },
    { queued: 'asked' },
    'parse',
    { download: 'live' },
    { download: 'throttle' },
    { finish: 'work' },
    { finish: 'saving' },
    'paused',
    'waiting',
    'complete',
    'error',
    'cancelled',
  ]) {
    assert.ok(reached.has(JSON.stringify(value)), JSON.stringify(value));
  }
  for (const { state } of paths) {
    if (state.value === 'complete') continue;
    const way = state.can({ ...caused, type: 'cancel' }) || state.can({ ...caused, type: 'retry' });
    assert.ok(way, `stuck in ${JSON.stringify(state.value)}`);
  }
});

test.run();
