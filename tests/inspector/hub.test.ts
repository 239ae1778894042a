import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Hub } from '#lib/inspector/hub.ts';
import type { RecordBody } from '#lib/inspector/record.ts';
import { waitFor } from '../support/wait.ts';

const stop: RecordBody = { kind: 'stop', reason: 'done' };
const note = (hub: Hub, body: RecordBody = stop): void => hub.record('session:s', 's', null, body);
const numbers = (hub: Hub, since = 0): number[] => [...hub.since(since)].map(({ n }) => n);

test('the newest are kept, and numbers go on', () => {
  const hub = new Hub([], { maxRecords: 3 });
  hub.addReader();
  for (let k = 0; k < 10_000; k++) note(hub);
  assert.equal(numbers(hub), [9998, 9999, 10_000]);
  assert.equal([hub.oldest, hub.next], [9998, 10_001]);
  assert.equal(numbers(hub, 10_000), [10_000]);
  assert.equal(numbers(hub, 10_001), []);
});

test('what they hold is bounded too', () => {
  const hub = new Hub([], { maxBytes: 100_000 });
  hub.addReader();
  const text = 'x'.repeat(30_000);
  for (let k = 0; k < 20; k++) note(hub, { kind: 'frame', direction: 'out', bytes: text.length, text });
  assert.is(numbers(hub).length, 3);
});

test('of the routine so much is kept in a beat, all of it of an actor that somebody looks at', () => {
  const hub = new Hub([], { routinePerInterval: 2 });
  hub.addReader();
  const tick = (id: string): void =>
    hub.record(`download:${id}`, 's', 'tick', { kind: 'event', from: null, event: { type: 'tick' } });
  for (let k = 0; k < 5; k++) tick('a');
  note(hub);
  assert.equal([numbers(hub), hub.skipped], [[1, 2, 3], 3]);
  hub.startInterval(new Set(['download:b']));
  for (let k = 0; k < 5; k++) tick('b');
  for (let k = 0; k < 5; k++) tick('a');
  assert.equal([numbers(hub).length, hub.skipped], [10, 6]);
});

test('a tap may ask whether a note of routine would be kept, and it counts', () => {
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

test('what only talks or moves on does not change the tree', () => {
  const hub = new Hub([]);
  hub.addReader();
  const machine = 'download';
  const moved = { kind: 'transition', machine, value: 'live', took: [], context: {} } as const;
  note(hub, { ...moved, event: 'tick' });
  note(hub, { kind: 'frame', direction: 'in', bytes: 2, text: '{}' });
  note(hub, { kind: 'commit', outcome: 'done', sessions: ['s'], writes: 1, durationMs: 1 });
  assert.is(hub.treeChanges, 0);
  note(hub, { ...moved, event: 'pause' });
  note(hub, stop);
  note(hub, { kind: 'socket', what: 'open', code: null });
  assert.is(hub.treeChanges, 3);
});

test('each commit is kept: it says whose rows are read again', () => {
  const hub = new Hub([], { routinePerInterval: 0 });
  hub.addReader();
  note(hub, { kind: 'commit', outcome: 'done', sessions: ['s'], writes: 1, durationMs: 1 });
  assert.equal([numbers(hub), hub.skipped], [[1], 0]);
});

test('taps are attached with the first reader and taken away some time after the last', async () => {
  const log: string[] = [];
  const tap = (): (() => void) => {
    log.push('attached');
    return () => log.push('taken away');
  };
  const hub = new Hub([tap], { lingerMs: 1 });
  note(hub);
  assert.equal([hub.isWatched, numbers(hub)], [false, []]);
  const [one, two] = [hub.addReader(), hub.addReader()];
  note(hub);
  one();
  note(hub);
  two();
  assert.equal(log, ['attached']);
  await waitFor(() => log.length === 2);
  assert.equal([hub.isWatched, numbers(hub), hub.next], [false, [], 3]);
});

test('who comes back in time finds what was noted before', () => {
  const hub = new Hub([], { lingerMs: 60_000 });
  hub.addReader()();
  note(hub);
  hub.addReader();
  assert.equal(numbers(hub), [1]);
  hub.close();
});

test.run();
