/** Downloads that wait in the runner for a connection to their host. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { done, failed, phase, sample, testSession } from './harness.ts';

const limited = (download: string, connections = 2, attempt = 1): RunnerEvent => ({
  ...{ type: 'limited', download, attempt, connections },
});
const at = (host: string, name: string): { url: string } => ({ url: `https://${host}/${name}` });

testSession('what waits for its host is queued, says so, and uses up no attempt', async (s) => {
  const id = await s.add('x', at('a.test', '1'));
  await s.sentCommand('start', id);
  await s.news(phase(id, 'parse'), phase(id, 'download'), limited(id));
  const { state, hostLimit, attempt, error } = await s.show(id);
  assert.equal([state, hostLimit, attempt, error], ['queued', 2, 1, null]);
  await s.news(phase(id, 'download'), sample(id, 1000));
  assert.is((await s.show(id)).state, 'download');
  assert.not('hostLimit' in (await s.show(id)));
  await s.news(done(id));
  assert.is((await s.show(id)).state, 'complete');
});

testSession(
  'its slot goes to another host, not to a download of the same one, and comes back in time',
  async (s) => {
    const [first, second, third] = [
      await s.add('x', at('a.test', '1')),
      await s.add('x', at('a.test', '2')),
      await s.add('x', at('a.test', '3')),
    ];
    const fourth = await s.add('x', at('a.test', '4'));
    const other = await s.add('x', at('b.test', '5'));
    const another = await s.add('x', at('b.test', '6'));
    for (const id of [first, second]) await s.news(phase(id, 'download'));
    await s.news(limited(third));
    await s.sentCommand('start', other);
    const started = (id: string): boolean =>
      s.commands.some((command) => command.type === 'start' && command.download === id);
    assert.not(started(fourth) || started(another));
    // The third is about to begin.
    await s.news(done(first));
    assert.not(started(fourth) || started(another));
    await s.news(phase(third, 'download'));
    await s.news(failed(other, false));
    await s.sentCommand('start', fourth);
  },
  { maxActive: 3 },
);

testSession('a paused download that waited for its host is stopped', async (s) => {
  const id = await s.add('x', at('a.test', '1'));
  await s.news(limited(id));
  await s.call('POST', `/downloads/${id}/pause`);
  await s.sentCommand('stop', id);
  assert.is((await s.show(id)).state, 'paused');
});

test.run();
