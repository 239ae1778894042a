import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { phase, sample, type Session, testSession } from './harness.ts';

/** Counts the commits during `work`. */
async function commitsOf(s: Session, work: () => Promise<unknown>): Promise<number> {
  let commits = 0;
  const stop = s.observe((event) => {
    if (event.type === 'commit') commits += 1;
  });
  await work();
  stop();
  return commits;
}

async function downloading(s: Session, name: string): Promise<string> {
  const id = await s.add(name);
  await s.sentCommand('start', id);
  await s.news(phase(id, 'download'));
  return id;
}

const samples = (id: string): RunnerEvent[] => Array.from({ length: 1000 }, (_, n) => sample(id, n));

testSession('1,000 progress events in one turn make at most one commit', async (s) => {
  const id = await downloading(s, 'a');
  // So that the next checkpoint is due.
  s.clock.increment(10_000);
  assert.ok((await commitsOf(s, () => s.news(...samples(id)))) <= 1);
  assert.is(await commitsOf(s, () => s.news(...samples(id))), 0, 'and none between two checkpoints');
});

testSession('as calls of their own they make no more: one checkpoint a download', async (s) => {
  const [a, b] = [await downloading(s, 'a'), await downloading(s, 'b')];
  s.clock.increment(10_000);
  const commits = await commitsOf(s, () =>
    Promise.all([...samples(a), ...samples(b)].map((event) => s.news(event))),
  );
  assert.ok(commits <= 2, `${commits}`);
});

testSession('the progress of all downloads is stored in one commit, every five seconds', async (s) => {
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    ids.push(await downloading(s, name));
    s.clock.increment(1500);
  }
  const commits = await commitsOf(s, async () => {
    for (let bytes = 1; bytes <= 60; bytes++) {
      await s.news(...ids.map((id) => sample(id, bytes)));
      s.clock.increment(200);
      await s.show(ids[0] ?? '');
    }
  });
  assert.ok(commits <= 3, `${commits} in twelve seconds`);
  await s.restart();
  const stored = await Promise.all(ids.map((id) => s.show(id)));
  for (const { receivedBytes } of stored) assert.ok(receivedBytes >= 35, `${receivedBytes} of 60`);
});

testSession('1,000 adds at once share their commits', async (s) => {
  const commits = await commitsOf(s, () =>
    Promise.all(Array.from({ length: 1000 }, (_, n) => s.add(String(n)))),
  );
  console.log(`1,000 adds: ${commits} commits`);
  assert.ok(commits < 100, `${commits}`);
});

test.run();
