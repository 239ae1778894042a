import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_MOMENTS, storedMoments, appendTransitions } from '#lib/inspector/page/state/moments.ts';
import { pastView, downloadState } from '#lib/inspector/page/state/past-view.ts';
import type { Json, Observation } from '#lib/protocol/inspection.ts';

type Transition = Extract<Observation, { kind: 'transition' }>;

function transition(n: number, value: string, changed: { [path: string]: Json }): Transition {
  return {
    n,
    at: 1_000 + n,
    about: 'download:abcdefghijkl',
    session: 'one',
    cause: 'test',
    kind: 'transition',
    machine: 'download',
    event: 'phase',
    value,
    took: [],
    changed,
  };
}

const row = {
  id: 'abcdefghijkl',
  url: 'http://a.test/b.bin',
  title: 'b.bin',
  engine: 'http',
  state: 'download',
  receivedBytes: 0,
  totalBytes: 200,
  percent: null,
  attempt: 1,
  createdAt: 0,
  finishedAt: null,
  file: null,
  error: null,
};

test('contexts are rebuilt from their changes, without mutating earlier ones', () => {
  const moments = appendTransitions(
    [],
    [
      transition(1, 'download.live', { row, speed: null }),
      transition(2, 'download.throttle', {
        'row.receivedBytes': 50,
        speed: { bytesPerSecond: 25, etaSeconds: 6 },
      }),
      transition(3, 'download.throttle', { 'row.receivedBytes': 100, 'speed.bytesPerSecond': 50 }),
    ],
  );
  assert.equal(
    moments.map(({ context }) => pastView(context)?.receivedBytes),
    [0, 50, 100],
  );
  assert.equal(moments[2]?.context?.['speed'], { bytesPerSecond: 50, etaSeconds: 6 });
});

test('a batch continues from the last context, and the oldest moments are dropped', () => {
  const first = appendTransitions([], [transition(1, 'download.live', { row })]);
  const many = Array.from({ length: MAX_MOMENTS }, (_, index) =>
    transition(index + 2, 'download.live', { 'row.receivedBytes': index }),
  );
  const all = appendTransitions(first, many);
  assert.is(all.length, MAX_MOMENTS);
  assert.is(all[0]?.n, 2);
  assert.is(pastView(all.at(-1)?.context ?? null)?.url, row.url);
});

test('the stored history ends before the first observation, and has states only', () => {
  const transitions = [
    { at: 1, state: 'queued', cause: 'a' },
    { at: 5, state: 'parse', cause: 'b' },
    { at: 9, state: 'download', cause: 'c' },
  ];
  const moments = storedMoments({ transitions }, 9);
  assert.equal(
    moments.map(({ value, context, n }) => [value, context, n]),
    [
      ['queued', null, null],
      ['parse', null, null],
    ],
  );
  assert.is(storedMoments({ transitions }, undefined).length, 3);
  assert.equal(storedMoments(null, 9), []);
});

test('a past row has speed and time left only while it downloads, and percent from its bytes', () => {
  const speed = { bytesPerSecond: 50, etaSeconds: 6 };
  const moving = pastView({ row: { ...row, receivedBytes: 100 }, speed });
  assert.equal([moving?.percent, moving?.bytesPerSecond, moving?.etaSeconds], [50, 50, 2]);
  const paused = pastView({ row: { ...row, state: 'paused', receivedBytes: 100 }, speed });
  assert.equal([paused?.percent, paused?.bytesPerSecond, paused?.etaSeconds], [50, null, null]);
});

test('a past row that lacks a byte is not at 100 %', () => {
  const past = pastView({ row: { ...row, receivedBytes: 9_999, totalBytes: 10_000 }, speed: {} });
  assert.is(past?.percent, 99.9);
});

test('a context that is not of a download has no row', () => {
  assert.is(pastView(null), null);
  assert.is(pastView({}), null);
  assert.is(pastView({ row: { ...row, state: 'dancing' } }), null);
  assert.is(downloadState('download.throttle'), 'download');
  assert.is(downloadState('window'), null);
});

test.run();
