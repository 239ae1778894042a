import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { safeOutputTail } from '#lib/inspector/explain.ts';
import { done, failed, phase, sample, type Session, testSession } from '../actors/session/harness.ts';
import { inspect } from './watching.ts';

async function begin(s: Session): Promise<string> {
  const id = await s.add('file?token=SECRET');
  await s.sentCommand('start', id);
  await s.news(phase(id, 'download'), sample(id, 10));
  return id;
}

async function explained(s: Session, id: string) {
  const { inspector } = inspect(s);
  const found = await inspector.explain(id, 's1');
  assert.ok(found);
  assert.not.ok(JSON.stringify(found).includes('SECRET'));
  return { states: found.transitions.map(({ state }) => state), output: found.output, stored: found.stored };
}

testSession('a failed download is explained after a restart', async (s) => {
  const id = await begin(s);
  await s.news({
    ...failed(id, false),
    output: 'GET https://example.org/x?token=SECRET\nlast words',
  } as never);
  await s.restart();
  const { states, output, stored } = await explained(s, id);
  assert.equal(states, ['queued', 'download', 'error']);
  assert.is(output, 'GET https://example.org/x?***\nlast words');
  assert.is((stored as { url: string }).url, 'https://example.org/file?***');
});

testSession('the last output of paused, cancelled and completed downloads is kept too', async (s) => {
  const [paused, cancelled, finished] = [await begin(s), await begin(s), await begin(s)];
  await s.call('POST', `/downloads/${paused}/pause`);
  await s.news({ type: 'stopped', download: paused, attempt: 1, output: 'paused words' });
  await s.call('POST', `/downloads/${cancelled}/cancel`);
  await s.sentCommand('discard', cancelled);
  await s.news({ type: 'discarded', download: cancelled, output: 'cancelled words' });
  await s.news({ ...done(finished), output: 'final words' } as never);
  await s.restart();
  assert.equal((await explained(s, paused)).output, 'paused words');
  assert.equal((await explained(s, cancelled)).output, 'cancelled words');
  const { states, output } = await explained(s, finished);
  assert.equal([states.at(-1), output], ['complete', 'final words']);
});

testSession('nothing is kept of a removed download', async (s) => {
  const id = await begin(s);
  const removed = s.call('DELETE', `/downloads/${id}`);
  await s.sentCommand('discard', id);
  await s.news({ type: 'discarded', download: id, output: 'words' });
  await removed;
  assert.is(await inspect(s).inspector.explain(id, null), null);
  assert.is(s.host().stored('session', 's1').get(`out/${id}`), undefined);
});

test('an output that was cut at its start shows nothing of the line it was cut in', () => {
  const tail = `cret&sig=SECRET rest of a header\n${'x'.repeat(4100)}`;
  assert.not.match(safeOutputTail(tail), /cret|SECRET|header/);
  assert.ok(safeOutputTail(tail).includes('xxx'));
  assert.is(safeOutputTail('short, whole'), 'short, whole');
});

test.run();
