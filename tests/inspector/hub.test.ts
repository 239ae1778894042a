import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Hub } from '#lib/inspector/hub.ts';
import type { RecordBody } from '#lib/inspector/record.ts';
import { waitFor } from '../support/wait.ts';

const stop: RecordBody = { kind: 'stop', reason: 'done' };
const record = (hub: Hub, body: RecordBody = stop): void => hub.record('session:s', 's', null, body);
const numbers = (hub: Hub, since = 0): number[] => [...hub.since(since)].map(({ n }) => n);

test('the newest records are kept, and numbers continue', () => {
  const hub = new Hub([], { maxRecords: 3 });
  hub.addReader();
  for (let k = 0; k < 10_000; k++) record(hub);
  assert.equal(numbers(hub), [9998, 9999, 10_000]);
  assert.equal([hub.oldest, hub.next], [9998, 10_001]);
  assert.equal(numbers(hub, 10_000), [10_000]);
  assert.equal(numbers(hub, 10_001), []);
});

test('the memory that records hold is bounded too', () => {
  const hub = new Hub([], { maxBytes: 100_000 });
  hub.addReader();
  const text = 'x'.repeat(30_000);
  for (let k = 0; k < 20; k++) record(hub, { kind: 'frame', direction: 'out', bytes: text.length, text });
  assert.is(numbers(hub).length, 3);
});

test('routine records are limited in each interval, except those of a selected actor', () => {
  const hub = new Hub([], { routinePerInterval: 2 });
  hub.addReader();
  const tick = (id: string): void =>
    hub.record(`download:${id}`, 's', 'tick', { kind: 'event', from: null, event: { type: 'tick' } });
  for (let k = 0; k < 5; k++) tick('a');
  record(hub);
  assert.equal([numbers(hub), hub.skipped], [[1, 2, 3], 3]);
  hub.startInterval(new Set(['download:b']));
  for (let k = 0; k < 5; k++) tick('b');
  for (let k = 0; k < 5; k++) tick('a');
  assert.equal([numbers(hub).length, hub.skipped], [10, 6]);
});

test('a tap can skip a routine record before it builds one, and the skip is counted', () => {
  const hub = new Hub([], { routinePerInterval: 1 });
  hub.addReader();
  hub.startInterval(new Set(['download:b']));
  const frame: RecordBody = { kind: 'frame', direction: 'out', bytes: 2, text: '{}' };
  assert.is(hub.skipRoutine('download:a'), false);
  hub.record('client:1', 's', null, frame, 'session:s');
  assert.equal(
    [hub.skipRoutine('download:a'), hub.skipRoutine('client:1', 'session:s'), hub.skipped],
    [true, true, 2],
  );
  assert.equal(
    [hub.skipRoutine('download:b'), hub.skipRoutine('client:1', 'download:b'), hub.skipped],
    [false, false, 2],
  );
  hub.startInterval(new Set());
  assert.equal([hub.skipRoutine('download:b'), numbers(hub)], [false, [1]]);
});

test('frames, commits and routine transitions do not count as changes of the tree', () => {
  const hub = new Hub([]);
  hub.addReader();
  const machine = 'download';
  const moved = { kind: 'transition', machine, value: 'live', took: [], context: {} } as const;
  record(hub, { ...moved, event: 'tick' });
  record(hub, { kind: 'frame', direction: 'in', bytes: 2, text: '{}' });
  record(hub, { kind: 'commit', outcome: 'done', sessions: ['s'], writes: 1, durationMs: 1 });
  assert.is(hub.treeChanges, 0);
  record(hub, { ...moved, event: 'pause' });
  record(hub, stop);
  record(hub, { kind: 'socket', what: 'open', code: null });
  assert.is(hub.treeChanges, 3);
});

test('every commit is kept: it says which sessions must be read again', () => {
  const hub = new Hub([], { routinePerInterval: 0 });
  hub.addReader();
  record(hub, { kind: 'commit', outcome: 'done', sessions: ['s'], writes: 1, durationMs: 1 });
  assert.equal([numbers(hub), hub.skipped], [[1], 0]);
});

test('taps are attached with the first reader and detached some time after the last', async () => {
  const log: string[] = [];
  const tap = (): (() => void) => {
    log.push('attached');
    return () => log.push('detached');
  };
  const hub = new Hub([tap], { lingerMs: 1 });
  record(hub);
  assert.equal([hub.isWatched, numbers(hub)], [false, []]);
  const [one, two] = [hub.addReader(), hub.addReader()];
  record(hub);
  one();
  record(hub);
  two();
  assert.equal(log, ['attached']);
  await waitFor(() => log.length === 2);
  assert.equal([hub.isWatched, numbers(hub), hub.next], [false, [], 3]);
});

test('a reader that returns in time finds the earlier records', () => {
  const hub = new Hub([], { lingerMs: 60_000 });
  hub.addReader()();
  record(hub);
  hub.addReader();
  assert.equal(numbers(hub), [1]);
  hub.close();
});

test.run();
