import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { downloadMachine } from '#lib/actors/download/machine.ts';
import { newRow } from '#lib/actors/download/row.ts';
import { viewOf } from '#lib/actors/download/view.ts';

test('a view says since when a server has not begun, and when that is over', () => {
  const body = { url: 'https://example.org/a', streamId: null, engine: null, filename: null, title: null };
  const effects = new Proxy({} as never, { get: () => () => undefined });
  const row = newRow('abcdefghijkl', 1, body, 1, 'test');
  const actor = createActor(downloadMachine, { input: { row, effects } }).start();
  const phase = { type: 'phase', engine: 'http', title: null, totalBytes: null, cause: 'test' } as const;
  const said = (): string | null | undefined => viewOf(actor.getSnapshot().context.row).awaitingSince;
  actor.send({ type: 'run', at: 2, cause: 'test' });
  actor.send({ ...phase, phase: 'parse', at: 3 });
  assert.is(said(), undefined);
  actor.send({ ...phase, phase: 'parse', isAwaiting: true, at: 4 });
  actor.send({ ...phase, phase: 'download', isAwaiting: true, at: 5 });
  assert.is(said(), new Date(4).toISOString());
  actor.send({ type: 'pause', at: 6, cause: 'test' });
  assert.is(said(), null);
  actor.send({ type: 'resume', at: 7, cause: 'test' });
  actor.send({ type: 'run', at: 8, cause: 'test' });
  actor.send({ ...phase, phase: 'download', at: 9 });
  assert.is(said(), null);
  actor.send({ ...phase, phase: 'download', isAwaiting: true, at: 10 });
  assert.is(said(), new Date(10).toISOString());
});

test.run();
