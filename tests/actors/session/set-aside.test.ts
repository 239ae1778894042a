import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { done, failed, phase, sample, type Session, startSession } from './harness.ts';

/** Registers a test with a session whose next activation finds these downloads set aside. */
function testSetAside(name: string, body: (s: Session, aside: Set<string>) => Promise<void>): void {
  test(name, async () => {
    const aside = new Set<string>();
    const s = await startSession({ blamedDownloads: (session) => (session === 's1' ? [...aside] : []) });
    try {
      await body(s, aside);
      assert.equal(s.errors, []);
    } finally {
      await s.end();
    }
  });
}

const starts = (s: Session): string[] =>
  s.commands.flatMap((command) => (command.type === 'start' ? command.download : []));

async function wakeAgain(s: Session): Promise<void> {
  await s.restart();
  await s.wake();
}

function isSetAside({ state, error, finishedAt, attempt }: DownloadView): void {
  assert.is(state, 'error');
  assert.is(error?.code, 'server_blocked');
  assert.is.not(finishedAt, null);
  assert.is(attempt, 1);
}

for (const state of ['queued', 'parse', 'download', 'finish'] as const) {
  testSetAside(
    `what is set aside while it was at ${state} ends in an error at the waking; others go on`,
    async (s, aside) => {
      const [bad, good] = [await s.add('bad'), await s.add('good')];
      await s.sentCommand('start', bad);
      if (state !== 'queued') await s.news(phase(bad, state));
      await s.news(phase(good, 'download'));
      aside.add(bad);
      await wakeAgain(s);
      isSetAside(await s.show(bad));
      await s.sentCommand('start', good);
      assert.equal(starts(s), [good]);
      const want = s.commands.find((command) => command.type === 'want');
      assert.equal(want?.jobs, [{ download: good, attempt: 1 }]);
      assert.is((await s.show(good)).state, 'download');
      await s.news({ type: 'jobs', jobs: [] }, done(good));
      assert.not(starts(s).includes(bad));
    },
  );
}

testSetAside('one that waits for another try is not tried again', async (s, aside) => {
  const bad = await s.add('bad');
  await s.news(phase(bad, 'download'), failed(bad, true));
  assert.is((await s.show(bad)).state, 'waiting');
  aside.add(bad);
  await wakeAgain(s);
  isSetAside(await s.show(bad));
  s.clock.increment(120_000);
  // its retry alarm has fired when a later one has
  const other = await s.add('other');
  await s.sentCommand('start', other);
  assert.equal(starts(s), [other]);
});

testSetAside('one that stood in the queue gives its place to those behind it', async (s, aside) => {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push(await s.add(String(n)));
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = ids;
  await s.sentCommand('start', third);
  for (const id of [first, fourth]) aside.add(id);
  await wakeAgain(s);
  await s.sentCommand('start', fifth);
  assert.equal(starts(s).sort(), [second, third, fifth].sort());
});

testSetAside('the error and its history are still there after the next wake', async (s, aside) => {
  const bad = await s.add('bad');
  await s.news(phase(bad, 'download'));
  aside.add(bad);
  await wakeAgain(s);
  aside.clear();
  await wakeAgain(s);
  isSetAside(await s.show(bad));
  assert.equal(starts(s), []);
  const stored = await s.host().get<SessionActor>('session', 's1').call('explain', bad);
  assert.equal(stored?.row.history.at(-1)?.slice(1), ['error', 'watchdog']);
});

testSetAside('retry starts it by hand, from the bytes that it has', async (s, aside) => {
  const bad = await s.add('bad');
  await s.news(phase(bad, 'download'), sample(bad, 400));
  aside.add(bad);
  await wakeAgain(s);
  aside.clear();
  const { body } = await s.call('POST', `/downloads/${bad}/retry`);
  assert.is((body as DownloadView).attempt, 2);
  await s.sentCommand('start', bad);
  await s.news(phase(bad, 'download', 2), done(bad, 2));
  assert.is((await s.show(bad)).state, 'complete');
});

testSetAside('what a person had stopped stays as it is, and resumes when told to', async (s, aside) => {
  const [paused, cancelled, gone] = [await s.add('paused'), await s.add('cancelled'), 'removed00000'];
  await s.news(phase(paused, 'download'), phase(cancelled, 'download'));
  await s.call('POST', `/downloads/${paused}/pause`);
  await s.call('POST', `/downloads/${cancelled}/cancel`);
  for (const id of [paused, cancelled, gone]) aside.add(id);
  await wakeAgain(s);
  assert.is((await s.show(paused)).state, 'paused');
  assert.is((await s.show(cancelled)).state, 'cancelled');
  aside.clear();
  await s.call('POST', `/downloads/${paused}/resume`);
  await s.sentCommand('start', paused);
});

testSetAside('what was complete stays so', async (s, aside) => {
  const id = await s.add('good');
  await s.news(phase(id, 'download'), done(id));
  aside.add(id);
  await wakeAgain(s);
  assert.is((await s.show(id)).state, 'complete');
  assert.is((await s.show(id)).error, null);
});

test.run();
