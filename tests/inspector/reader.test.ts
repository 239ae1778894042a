import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ActorTree } from '#lib/inspector/actor-tree.ts';
import { Hub } from '#lib/inspector/hub.ts';
import { InspectorReader } from '#lib/inspector/reader.ts';
import type { InspectorServerMessage } from '#lib/protocol/inspection.ts';

const noTree = {
  revision: 0,
  changesSince: () => ({ whole: false, set: [], gone: [] }),
} as unknown as ActorTree;

type LogMessage = Extract<InspectorServerMessage, { type: 'log' }>;

function makeReader(maxRecords: number) {
  const hub = new Hub([], { maxRecords });
  hub.addReader();
  const logs: LogMessage[] = [];
  const send = (text: string): void => {
    logs.push(JSON.parse(text) as LogMessage);
  };
  const reader = new InspectorReader({
    hub,
    tree: noTree,
    socket: { bufferedAmount: 0, send },
    session: 'mine',
  });
  const record = (session: string, count: number): void => {
    for (let k = 0; k < count; k++) {
      hub.record(`session:${session}`, session, null, { kind: 'stop', reason: 'done' });
    }
  };
  return { reader, logs, record };
}

test('for a new reader, records dropped before it came do not count as lost', () => {
  const { reader, logs, record } = makeReader(10);
  record('theirs', 4_447);
  record('mine', 3);
  reader.watch({ since: 0 });
  reader.flush();
  assert.equal(
    logs.map(({ dropped, omitted, entries }) => [dropped, omitted, entries.map(({ n }) => n)]),
    [[0, undefined, [4_448, 4_449, 4_450]]],
  );
});

test('a reader that resumes from a number is told how many records were dropped since', () => {
  const { reader, logs, record } = makeReader(10);
  record('mine', 50);
  reader.watch({ since: 20 });
  reader.flush();
  assert.equal([logs[0]?.dropped, logs[0]?.entries.length], [20, 10]);
});

test('records that do not fit into one batch count as omitted, not as dropped', () => {
  const { reader, logs, record } = makeReader(1_000);
  record('mine', 400);
  reader.watch({ since: 0 });
  reader.flush();
  assert.equal([logs[0]?.dropped, logs[0]?.omitted, logs[0]?.entries.length], [0, 150, 250]);
  record('mine', 1);
  reader.flush();
  assert.equal([logs[1]?.dropped, logs[1]?.omitted, logs[1]?.entries.length], [0, undefined, 1]);
});

test.run();
