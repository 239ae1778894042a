import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { downloadMachine } from '#lib/actors/download/machine.ts';
import { newRow } from '#lib/actors/download/row.ts';

test('an actor made from a complete row ends at once, without changes or effects', () => {
  const body = { url: 'https://example.org/a', streamId: null, engine: null, filename: null, title: null };
  const row = { ...newRow('abcdefghijkl', 1, body, 1, 'test'), state: 'complete' as const };
  const effects = new Proxy({} as never, {
    get: (_, name) => () => assert.unreachable(`${String(name)} was called`),
  });
  const actor = createActor(downloadMachine, { input: { row, effects } }).start();
  const { status, value, context } = actor.getSnapshot();
  assert.equal([status, value, context.row], ['done', 'complete', row]);
});

test.run();
