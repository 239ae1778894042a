/** The runner commands that follow from a command or a runner event in each state. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { DownloadState, DownloadView } from '#lib/protocol/download.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { done, failed, phase, sample, type Session, testSession } from './harness.ts';

/** How to bring a new download into each state that is not final. */
const WAYS: Record<string, (id: string) => RunnerEvent[]> = {
  queued: () => [],
  parse: (id) => [phase(id, 'parse')],
  download: (id) => [phase(id, 'download'), sample(id, 400)],
  finish: (id) => [phase(id, 'download'), sample(id, 1000), phase(id, 'finish')],
  waiting: (id) => [phase(id, 'download'), sample(id, 400), failed(id, true)],
};

async function stateOf(s: Session, id: string): Promise<DownloadState> {
  return (await s.show(id)).state;
}

/** Brings a new download into a state, and clears the recorded runner commands. */
async function bring(s: Session, state: string): Promise<string> {
  const id = await s.add(state);
  await s.sentCommand('start', id);
  await s.news(...WAYS[state]!(id));
  assert.is(await stateOf(s, id), state);
  s.commands.length = 0;
  return id;
}

const act = (s: Session, action: string, id: string) => s.call('POST', `/downloads/${id}/${action}`);

for (const state of ['queued', 'parse', 'download', 'finish']) {
  testSession(`a pause in ${state} stops the runner's job, running or queued`, async (s) => {
    const id = await bring(s, state);
    const { body } = await act(s, 'pause', id);
    assert.is((body as DownloadView).state, 'paused');
    assert.equal(await s.sentCommand('stop', id), { type: 'stop', download: id, attempt: 1 });
    assert.is(s.commands.length, 1);
  });
}

for (const state of Object.keys(WAYS)) {
  testSession(`a cancel in ${state} removes the bytes, once`, async (s) => {
    const id = await bring(s, state);
    const { body } = await act(s, 'cancel', id);
    const view = body as DownloadView;
    assert.equal([view.state, view.error], ['cancelled', null]);
    assert.ok(view.finishedAt);
    assert.not('retryAt' in view);
    await s.sentCommand('discard', id);
    assert.equal(s.commands, [{ type: 'discard', download: id, file: null }]);
  });

  testSession(`a download paused in ${state} and then cancelled leaves no bytes behind`, async (s) => {
    const id = await bring(s, state);
    await act(s, 'pause', id);
    await act(s, 'cancel', id);
    assert.is(await stateOf(s, id), 'cancelled');
    assert.equal(await s.sentCommand('discard', id), { type: 'discard', download: id, file: null });
    // The runner did not do it before the crash: the command is sent again.
    await s.restart();
    await s.wake();
    await s.sentCommand('discard', id);
  });
}

testSession('a retry after a cancel keeps the bytes of its new attempt after a crash', async (s) => {
  const id = await bring(s, 'download');
  await act(s, 'cancel', id);
  await s.sentCommand('discard', id);
  await act(s, 'retry', id);
  assert.is((await s.sentCommand('start', id)).attempt, 2);
  await s.news(phase(id, 'download', 2), sample(id, 500, 2));
  await s.restart();
  await s.wake();
  await s.sentCommand('start', id);
  assert.equal(
    s.commands.map(({ type }) => type),
    ['want', 'start'],
  );
});

testSession('a file that is lost during `finish` is downloaded again in the same job', async (s) => {
  const id = await bring(s, 'finish');
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  await s.news(phase(id, 'download'), sample(id, 10));
  await reader.hear('update', ({ changes }) =>
    changes.some((change) => change.id === id && 'state' in change && change.state === 'download'),
  );
  const view = await s.show(id);
  assert.equal([view.state, view.receivedBytes, view.attempt], ['download', 10, 1]);
  await s.news(phase(id, 'finish'), done(id));
  assert.is(await stateOf(s, id), 'complete');
  await s.sentCommand('settle', id);
  assert.is(s.commands.length, 1);
});

testSession('a repeated phase updates engine, title and size, and changes no state', async (s) => {
  for (const [state, name] of [
    ['parse', 'parse'],
    ['download', 'download'],
    ['finish', 'finish'],
  ] as const) {
    const id = await bring(s, state);
    const known = { ...phase(id, name), title: `Known in ${state}`, totalBytes: 4321 } as RunnerEvent;
    await s.news(known);
    const view = await s.show(id);
    assert.equal([view.state, view.title, view.totalBytes], [state, `Known in ${state}`, 4321]);
    await s.news(done(id));
  }
});

testSession('what the last byte but one is missing of is not shown as 100 %, live or listed', async (s) => {
  const id = await bring(s, 'download');
  const reader = s.connect();
  const one = { receivedBytes: 999_999, totalBytes: 1_000_000, percent: 99.9999 };
  const last = { ...one, bytesPerSecond: 4_000_000, etaSeconds: 0.2 };
  s.clock.increment(1000);
  await s.news({ type: 'sample', download: id, attempt: 1, sample: last });
  s.clock.increment(1000);
  reader.say({ type: 'hello' });
  const { downloads } = await reader.hear('snapshot');
  for (const view of [downloads[0], await s.show(id)]) {
    assert.equal([view?.receivedBytes, view?.percent, view?.etaSeconds], [999_999, 99.9, 1]);
  }
});

testSession('a speed and a time left that nobody knows are null, not 0', async (s) => {
  const id = await bring(s, 'download');
  const unknown = { percent: null, bytesPerSecond: null, etaSeconds: null };
  s.clock.increment(1000);
  await s.news({
    ...{ type: 'sample', download: id, attempt: 1 },
    sample: { receivedBytes: 500, totalBytes: null, ...unknown },
  });
  s.clock.increment(1000);
  const { receivedBytes, totalBytes, percent, bytesPerSecond, etaSeconds } = await s.show(id);
  assert.equal({ receivedBytes, totalBytes }, { receivedBytes: 500, totalBytes: null });
  assert.equal({ percent, bytesPerSecond, etaSeconds }, unknown);
});

testSession('the deadline of a try that was overtaken starts none before its time', async (s) => {
  const id = await bring(s, 'waiting');
  await act(s, 'resume', id);
  assert.is((await s.sentCommand('start', id)).attempt, 2);
  const later = failed(id, true, 2) as Extract<RunnerEvent, { type: 'failed' }>;
  await s.news(phase(id, 'download', 2), { ...later, error: { ...later.error, retryAfterMs: 60_000 } });
  s.commands.length = 0;
  s.clock.increment(59_999);
  await s.wake();
  assert.equal([await stateOf(s, id), s.commands], ['waiting', []]);
  s.clock.increment(1);
  assert.is((await s.sentCommand('start', id)).attempt, 3);
});

for (const action of ['pause', 'cancel', 'remove']) {
  testSession(`a retry deadline after ${action} starts nothing`, async (s) => {
    const id = await bring(s, 'waiting');
    const acting = action === 'remove' ? s.call('DELETE', `/downloads/${id}`) : act(s, action, id);
    if (action !== 'pause') {
      await s.sentCommand('discard', id);
      await s.news({ type: 'discarded', download: id });
    }
    await acting;
    s.clock.increment(10_000);
    await s.wake();
    // Its turn is after that of the alarm.
    const other = await s.add('other');
    await s.sentCommand('start', other);
    assert.not(s.commands.some((command) => command.type === 'start' && command.download === id));
  });
}

testSession(
  'of attempts that fail in the same way, the history keeps those that a person requested',
  async (s) => {
    const id = await bring(s, 'waiting');
    const transitions = async () =>
      (await s.host().get<SessionActor>('session', 's1').call('explain', id))?.row.history.length ?? 0;
    const before = await transitions();
    const failAgain = async (attempt: number) => {
      assert.is((await s.sentCommand('start', id)).attempt, attempt);
      await s.news(failed(id, true, attempt));
      s.commands.length = 0;
    };
    s.clock.increment(10_000);
    await failAgain(2);
    assert.is(await transitions(), before, 'by itself: it leaves no trace');
    await act(s, 'resume', id);
    await failAgain(3);
    assert.is(await transitions(), before + 2);
  },
);

testSession('the file of what is complete has a name to be asked for, and nothing else has', async (s) => {
  const file = (id: string) => s.call('GET', `/downloads/${id}/file`);
  const id = await bring(s, 'download');
  const refused = await file(id);
  assert.equal([refused.status, (refused.body as { code: string }).code], [409, 'wrong_state']);
  await s.news(done(id));
  assert.equal(await file(id), { status: 200, body: { name: `${id}.bin`, bytes: 1000 } });
  assert.is((await file('nothing')).status, 404);
  assert.is((await s.call('POST', `/downloads/${id}/file`)).status, 405);
});

test.run();
