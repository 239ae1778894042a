import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { downloadMachine } from '#lib/actors/download/machine.ts';
import { newRow } from '#lib/actors/download/row.ts';
import { viewOf } from '#lib/actors/download/view.ts';

test('what is missing on the site, and which quality was taken for the best, is in the row and its view until it is complete', () => {
  const body = { url: 'https://example.org/a', streamId: null, engine: null, filename: null, title: null };
  const effects = new Proxy({} as never, { get: () => () => undefined });
  const row = newRow('abcdefghijkl', 1, body, 1, 'test');
  const actor = createActor(downloadMachine, { input: { row, effects } }).start();
  const caused = { at: 2, cause: 'test' };
  const phase = { type: 'phase', engine: 'http', title: null, totalBytes: null } as const;
  actor.send({ ...caused, type: 'run' });
  assert.not('gapSeconds' in viewOf(actor.getSnapshot().context.row));
  actor.send({ ...caused, ...phase, phase: 'download', gapSeconds: 12 });
  const lowered = { quality: '720p', missing: '1080p' };
  actor.send({ ...caused, ...phase, phase: 'download', lowered: null });
  assert.not('lowered' in viewOf(actor.getSnapshot().context.row));
  actor.send({ ...caused, ...phase, phase: 'download', lowered });
  actor.send({ ...caused, ...phase, phase: 'download', lowered: { ...lowered } });
  assert.is(actor.getSnapshot().context.row.lowered, lowered);
  actor.send({ ...caused, ...phase, phase: 'finish' });
  assert.equal(viewOf(actor.getSnapshot().context.row).lowered, lowered);
  actor.send({ ...caused, ...phase, phase: 'download', lowered: null });
  assert.is(viewOf(actor.getSnapshot().context.row).lowered, null);
  assert.is(viewOf(actor.getSnapshot().context.row).gapSeconds, 12);
});

test.run();
