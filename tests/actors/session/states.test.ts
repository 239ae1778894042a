/** What each state does to the runner when a person, or the runner itself, changes it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadState, DownloadView } from '#lib/protocol/download.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { done, failed, phase, sample, type Session, testSession } from './harness.ts';

/** What leads a new download into each state that is not final. */
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

/** Brings a new download into a state; what the runner was told on the way is forgotten. */
async function bring(s: Session, state: string): Promise<string> {
  const id = await s.add(state);
  await s.told('start', id);
  await s.news(...WAYS[state]!(id));
  assert.is(await stateOf(s, id), state);
  s.commands.length = 0;
  return id;
}

const act = (s: Session, action: string, id: string) => s.call('POST', `/downloads/${id}/${action}`);

for (const state of ['queued', 'parse', 'download', 'finish']) {
  testSession(`a pause in ${state} stops the job that the runner has, or would begin`, async (s) => {
    const id = await bring(s, state);
    const { body } = await act(s, 'pause', id);
    assert.is((body as DownloadView).state, 'paused');
    assert.equal(await s.told('stop', id), { type: 'stop', download: id, attempt: 1 });
    assert.is(s.commands.length, 1);
  });
}

for (const state of Object.keys(WAYS)) {
  testSession(`a cancel in ${state} takes the bytes away, once`, async (s) => {
    const id = await bring(s, state);
    const { body } = await act(s, 'cancel', id);
    const view = body as DownloadView;
    assert.equal([view.state, view.error], ['cancelled', null]);
    assert.ok(view.finishedAt);
    assert.not('retryAt' in view);
    await s.told('discard', id);
    assert.equal(s.commands, [{ type: 'discard', download: id, file: null }]);
  });

  testSession(`paused in ${state} and then cancelled, a download leaves no bytes behind`, async (s) => {
    const id = await bring(s, state);
    await act(s, 'pause', id);
    await act(s, 'cancel', id);
    assert.is(await stateOf(s, id), 'cancelled');
    assert.equal(await s.told('discard', id), { type: 'discard', download: id, file: null });
    // The runner did not get to it before all died: it is asked again.
    await s.restart();
    await s.wake();
    await s.told('discard', id);
  });
}

testSession(
  'what was cancelled and is retried keeps the bytes of its new attempt after a crash',
  async (s) => {
    const id = await bring(s, 'download');
    await act(s, 'cancel', id);
    await s.told('discard', id);
    await act(s, 'retry', id);
    assert.is((await s.told('start', id)).attempt, 2);
    await s.news(phase(id, 'download', 2), sample(id, 500, 2));
    await s.restart();
    await s.wake();
    await s.told('start', id);
    assert.equal(
      s.commands.map(({ type }) => type),
      ['want', 'start'],
    );
  },
);

testSession(
  'a file that turns out to be lost while it finishes is fetched again in the same job',
  async (s) => {
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
    await s.told('settle', id);
    assert.is(s.commands.length, 1);
  },
);

testSession(
  'a second phase of the same kind names what is known by then, and changes no state',
  async (s) => {
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
  },
);

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

test.run();
