/** A file that has its name and is being synced: its slot is free, and it is not complete. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { viewOf } from '#lib/actors/download/view.ts';
import { newRow } from '#lib/actors/download/row.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { done, failed, phase, sample, type Session, testSession } from './harness.ts';

const landed = (download: string, attempt = 1): RunnerEvent => ({ type: 'landed', download, attempt });

async function bringToLanded(s: Session, id: string): Promise<void> {
  await s.sentCommand('start', id);
  await s.news(phase(id, 'download'), sample(id, 1000), phase(id, 'finish'), landed(id));
}

const one = { maxActive: 1 };

testSession(
  'a landed download is saving in state finish, and its slot goes to the next one',
  async (s) => {
    const [first, second, third] = [await s.add('1'), await s.add('2'), await s.add('3')];
    await bringToLanded(s, first);
    const { state, saving, finishedAt, file } = await s.show(first);
    assert.equal([state, saving, finishedAt, file], ['finish', true, null, null]);
    await s.sentCommand('start', second);
    await bringToLanded(s, second);
    await s.sentCommand('start', third);
    assert.not(
      s.commands.some(({ type }) => type === 'settle'),
      'nothing is acknowledged before the sync',
    );
    await s.news(done(first));
    const complete = await s.show(first);
    assert.is(complete.state, 'complete');
    assert.not('saving' in complete);
    await s.sentCommand('settle', first);
  },
  one,
);

testSession(
  'a sync that fails is a failure of its download, which waits or ends in an error',
  async (s) => {
    const [first, second] = [await s.add('1'), await s.add('2')];
    await bringToLanded(s, first);
    await s.sentCommand('start', second);
    const error = {
      code: 'disk_full',
      message: 'The disk is full.',
      transient: true,
      retryAfterMs: null,
    } as const;
    await s.news({ type: 'failed', download: first, attempt: 1, error, output: '' });
    assert.is((await s.show(first)).state, 'waiting');
    await bringToLanded(s, second);
    await s.news(failed(second, false));
    assert.is((await s.show(second)).state, 'error');
  },
  one,
);

testSession('readers are sent that it is saving, and that it is not any more', async (s) => {
  const id = await s.add('1');
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await bringToLanded(s, id);
  const holds = (wanted: object) => (message: { changes: readonly object[] }) =>
    message.changes.some((change) =>
      Object.entries(wanted).every(([key, value]) => Reflect.get(change, key) === value),
    );
  await reader.hear('update', holds({ id, saving: true }));
  await s.news(done(id));
  await reader.hear('update', holds({ id, state: 'complete' }));
});

testSession('pause and cancel are still possible while it is saved', async (s) => {
  const [paused, cancelled] = [await s.add('1'), await s.add('2')];
  for (const id of [paused, cancelled]) await bringToLanded(s, id);
  assert.is((await s.call('POST', `/downloads/${paused}/pause`)).status, 202);
  await s.sentCommand('stop', paused);
  await s.news(done(paused));
  assert.is((await s.show(paused)).state, 'complete', 'it was saved all the same');
  assert.is((await s.call('POST', `/downloads/${cancelled}/cancel`)).status, 202);
  await s.sentCommand('discard', cancelled);
  assert.is((await s.show(cancelled)).state, 'cancelled');
});

testSession('after a start, what was being saved is asked for again, and can land again', async (s) => {
  const id = await s.add('1');
  await bringToLanded(s, id);
  await s.restart();
  await s.wake();
  await s.sentCommand('start', id);
  assert.equal((await s.show(id)).saving, undefined);
  await s.news(phase(id, 'finish'), landed(id));
  assert.is((await s.show(id)).saving, true);
  await s.news(done(id));
  assert.is((await s.show(id)).state, 'complete');
});

testSession('a runner that lost a landed job is asked for it again', async (s) => {
  const id = await s.add('1');
  await bringToLanded(s, id);
  s.commands.length = 0;
  await s.news({ type: 'jobs', jobs: [{ download: id, attempt: 1 }] });
  assert.equal(s.commands, []);
  await s.news({ type: 'jobs', jobs: [] });
  await s.sentCommand('start', id);
});

test('a later attempt that finishes says that it is not saving: changes name only what is there', () => {
  const body = { url: 'https://example.org/1', streamId: null, engine: null, filename: null, title: null };
  const row = { ...newRow('abcdefghijkl', 1, body, 0, 'test'), state: 'finish' as const };
  assert.not('saving' in viewOf(row));
  assert.is(viewOf({ ...row, attempt: 2 }).saving, false);
  assert.is(viewOf(row, null, true).saving, true);
  assert.not('saving' in viewOf({ ...row, state: 'complete' }, null, true));
});

test.run();
