/** Downloads that are slow leave their slots to the next of their list. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { waitFor } from '../../support/wait.ts';
import { done, phase, sample, type startSession, testSession } from './harness.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';

type Session = Awaited<ReturnType<typeof startSession>>;

const slow = (download: string, isSlow = true, attempt = 1): RunnerEvent => ({
  ...{ type: 'slow', download, isSlow, attempt },
});

const started = (s: Session): string[] =>
  s.commands.flatMap((command) => (command.type === 'start' ? [command.download] : []));

/** The first so many have been started, and no more, once what came before is committed. */
async function startedAre(s: Session, ids: readonly string[], count: number): Promise<void> {
  await waitFor(() => started(s).length >= count, { what: `${count} starts` });
  await s.show(ids[0]!);
  assert.equal(started(s), ids.slice(0, count));
}

async function add(s: Session, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await s.add(`https://h${n}.test/f`));
  return ids;
}

const running = (ids: readonly string[]): RunnerEvent[] =>
  ids.flatMap((id) => [phase(id, 'download'), sample(id, 1000)]);

testSession(
  'three that drip leave their slots: as many are started as there are slots, and as many more wait for them',
  async (s) => {
    const ids = await add(s, 10);
    await s.news(...running(ids.slice(0, 3)));
    await startedAre(s, ids, 3);
    await s.news(slow(ids[0]!));
    await startedAre(s, ids, 5);
    await s.news(slow(ids[0]!), slow(ids[1]!), slow(ids[2]!, true, 2)); // one of another attempt
    await startedAre(s, ids, 7);
    await s.news(slow(ids[2]!));
    await startedAre(s, ids, 9);
    assert.is((await s.show(ids[2]!)).state, 'download');
    await s.news(phase(ids[3]!, 'download'), done(ids[3]!));
    await startedAre(s, ids, 10);
  },
);

testSession('one that is fast again, or was slow in an earlier attempt, has its slot', async (s) => {
  const ids = await add(s, 9);
  await s.news(...running(ids.slice(0, 3)));
  await s.news(slow(ids[0]!));
  await startedAre(s, ids, 5);
  await s.news(slow(ids[0]!, false));
  await s.news(...running(ids.slice(3, 5)), done(ids[3]!), done(ids[4]!));
  await startedAre(s, ids, 5);
  await s.news(slow(ids[1]!), { type: 'gave-way', download: ids[1]!, attempt: 1 });
  await startedAre(s, ids, 7);
  await s.news(phase(ids[1]!, 'download'), phase(ids[5]!, 'download'), done(ids[5]!));
  await startedAre(s, ids, 7);
});

testSession(
  'of many slow ones 32 leave their slots',
  async (s) => {
    const ids = await add(s, 40);
    for (const id of ids.slice(0, 33)) await s.news(phase(id, 'download'), sample(id, 1), slow(id));
    await startedAre(s, ids, 34);
  },
  { maxActive: 1 },
);

test.run();
