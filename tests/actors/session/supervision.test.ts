import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../../support/wait.ts';
import { done, failed, phase, sample, type Session, testSession } from './harness.ts';

/** An event that makes a download machine throw: `done` without a file. */
const poison = (download: string, attempt = 1): RunnerEvent =>
  ({ type: 'done', download, attempt, file: null, output: '' }) as unknown as RunnerEvent;

/** Advances time past the backoff, and waits for the next attempt. */
async function nextAttempt(s: Session, id: string, attempt: number): Promise<void> {
  s.commands.length = 0;
  s.clock.increment(10_000);
  assert.is((await s.sentCommand('start', id)).attempt, attempt);
  await s.news(phase(id, 'download', attempt));
}

testSession('a download whose actor throws waits and goes on; its siblings notice nothing', async (s) => {
  const [bad, good] = [await s.add('bad'), await s.add('good')];
  await s.news(phase(bad, 'download'), phase(good, 'download'), sample(good, 100));
  await s.news(poison(bad), sample(good, 200));
  const waiting = await s.show(bad);
  assert.is(waiting.state, 'waiting');
  assert.is(waiting.error?.code, 'internal_error');
  await s.sentCommand('stop', bad);
  await nextAttempt(s, bad, 2);
  assert.not(s.commands.some((command) => 'download' in command && command.download === good));
  await s.news(done(bad, 2), done(good));
  assert.is((await s.show(bad)).state, 'complete');
  assert.is((await s.show(good)).state, 'complete');
});

testSession(
  'a download whose actor throws a fourth time within a minute is an error, and can be retried',
  async (s) => {
    const [bad, good] = [await s.add('bad'), await s.add('good')];
    await s.news(phase(bad, 'download'), phase(good, 'download'));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await s.news(poison(bad, attempt));
      assert.is((await s.show(bad)).state, 'waiting', `crash ${attempt}`);
      await nextAttempt(s, bad, attempt + 1);
    }
    await s.news(poison(bad, 4));
    const given = await s.show(bad);
    assert.is(given.state, 'error');
    assert.is(given.error?.code, 'internal_error');
    assert.is((await s.show(good)).state, 'download');
    const { body } = await s.call('POST', `/downloads/${bad}/retry`);
    assert.is((body as DownloadView).attempt, 5);
    await s.news(phase(bad, 'download', 5), done(bad, 5));
    assert.is((await s.show(bad)).state, 'complete');
  },
);

testSession('crashes that lie more than a minute apart are not added up', async (s) => {
  const id = await s.add('bad');
  await s.news(phase(id, 'download'));
  for (let attempt = 1; attempt <= 6; attempt++) {
    await s.news(poison(id, attempt));
    assert.is((await s.show(id)).state, 'waiting', `crash ${attempt}`);
    s.clock.increment(30_000);
    await nextAttempt(s, id, attempt + 1);
  }
});

testSession('pending removals wake their session after a crash, however many there are', async (s) => {
  const ids: string[] = [];
  for (let n = 0; n < 150; n++) ids.push(await s.add(String(n)));
  for (const id of ids) {
    s.call('DELETE', `/downloads/${id}`).catch(() => {});
    await s.sentCommand('discard', id);
  }
  await s.restart();
  // without a client: by the alarm
  await waitFor(() => (s.clock.increment(10_000), s.commands.length > 0), { what: 'the session to wake' });
  for (const id of ids) await s.sentCommand('discard', id);
});

testSession(
  'of the work dirs that a crash left, only the unneeded ones are removed, and unknown ones are set aside',
  async (s) => {
    const ids: string[] = [];
    for (const name of ['done', 'cancelled', 'paused', 'failed', 'running']) ids.push(await s.add(name));
    const [whole, cancelled, paused, broken, running] = ids as [string, string, string, string, string];
    for (const id of ids) await s.news(phase(id, 'download'));
    await s.news(done(whole), failed(broken, false));
    await s.call('POST', `/downloads/${cancelled}/cancel`);
    await s.news({ type: 'discarded', download: cancelled });
    await s.call('POST', `/downloads/${paused}/pause`);
    await s.sentCommand('stop', paused);
    s.commands.length = 0;
    await s.news({ type: 'found', downloads: [...ids, 'unknown00000'] });
    await s.sentCommand('set-aside', 'unknown00000');
    const told = s.commands.map(
      (command) => `${command.type} ${'download' in command ? command.download : ''}`,
    );
    assert.equal(told, [`settle ${whole}`, `discard ${cancelled}`, 'set-aside unknown00000']);
    assert.is((await s.show(running)).state, 'download');
  },
  { maxActive: 5 },
);

testSession('a command that crashes is answered, and its session starts afresh', async (s) => {
  const id = await s.add('before');
  await s.sentCommand('start', id);
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const { epoch } = await reader.hear('snapshot');
  reader.say({ type: 'command', id: 'c1', name: 'add', url: 'https://example.org/crash' });
  const answer = await reader.answer('c1');
  assert.is(answer.type === 'reject' && answer.error.code, 'internal_error');
  const fields = { streamId: null, engine: null, filename: null, title: null, sha256: undefined };
  const crash = { name: 'add', url: 'https://example.org/crash', ...fields } as const;
  const stub = s.host().get<SessionActor>('session', 's1');
  assert.is((await stub.call('ask', crash)).status, 500);
  s.commands.length = 0;
  await s.add('after');
  await s.sentCommand('start', id);
  assert.is(reader.closed, null);
  assert.is.not((await reader.hear('snapshot', (message) => message.epoch !== epoch)).epoch, epoch);
  assert.is(s.errors.splice(0).length, 2, 'each is reported');
});

test.run();
