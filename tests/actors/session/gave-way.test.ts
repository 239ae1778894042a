/** Downloads that were too slow, have given their slot in the runner to another and wait for the next. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { viewOf } from '#lib/actors/download/view.ts';
import { newRow } from '#lib/actors/download/row.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../../support/wait.ts';
import { done, phase, sample, testSession } from './harness.ts';

const gaveWay = (download: string, attempt = 1): RunnerEvent => ({ type: 'gave-way', download, attempt });

testSession('what has given way is queued, says so, keeps its bytes and uses up no attempt', async (s) => {
  const id = await s.add('x');
  await s.sentCommand('start', id);
  await s.news(phase(id, 'download'), sample(id, 1000), gaveWay(id));
  const waiting = await s.show(id);
  const { state, receivedBytes, attempt, error, bytesPerSecond } = waiting;
  assert.equal([state, waiting.gaveWay, receivedBytes], ['queued', true, 1000]);
  assert.equal([attempt, error, bytesPerSecond], [1, null, null]);
  await s.news(phase(id, 'download'), sample(id, 2000));
  assert.equal([(await s.show(id)).state, 'gaveWay' in (await s.show(id))], ['download', false]);
  await s.news(gaveWay(id), gaveWay(id, 2));
  assert.is((await s.show(id)).gaveWay, true);
  await s.news(done(id));
  assert.is((await s.show(id)).state, 'complete');
});

testSession(
  'it leaves its slot to another, is started again where the runner has lost it, and is stopped with a pause',
  async (s) => {
    const id = await s.add('x');
    const other = await s.add('y');
    await s.sentCommand('start', id);
    assert.is(s.commands.filter(({ type }) => type === 'start').length, 1);
    await s.news(phase(id, 'download'), sample(id, 1000), gaveWay(id));
    const starts = (of: string): number =>
      s.commands.filter((command) => command.type === 'start' && command.download === of).length;
    await s.sentCommand('start', other);
    assert.equal([starts(id), starts(other)], [1, 1]);
    await s.news({ type: 'jobs', jobs: [{ download: other, attempt: 1 }] });
    await waitFor(() => starts(id) === 2, { what: 'the second start' });
    assert.is(starts(other), 1);
    await s.news({ type: 'limited', download: id, attempt: 1, connections: 2 });
    assert.equal([(await s.show(id)).hostLimit, (await s.show(id)).gaveWay], [2, false]);
    await s.news(gaveWay(id));
    assert.equal([(await s.show(id)).hostLimit ?? null, (await s.show(id)).gaveWay], [null, true]);
    await s.call('POST', `/downloads/${id}/pause`);
    await s.sentCommand('stop', id);
    await s.call('POST', `/downloads/${id}/resume`);
    assert.is((await s.show(id)).gaveWay, false, 'a change cannot take a field away');
  },
  { maxActive: 1 },
);

test('only what is queued says it: a new one not at all, one that has begun before in any case', () => {
  const row = newRow('a', 1, { url: 'https://h.test/f' } as never, 0, 'test');
  assert.not('gaveWay' in viewOf(row));
  assert.is(viewOf({ ...row, receivedBytes: 1 }).gaveWay, false);
  assert.is(viewOf({ ...row, attempt: 2 }).gaveWay, false);
  assert.is(viewOf(row, null, false, null, true).gaveWay, true);
  assert.not('gaveWay' in viewOf({ ...row, state: 'download', receivedBytes: 1 }, null, false, null, true));
});

test.run();
