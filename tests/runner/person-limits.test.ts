/** What an operator lets one owner use: slots, and room on the disk. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FairQueue } from '#lib/runner/fair-queue.ts';
import { createFixture, nextTurns, startOf } from './fixture.ts';

test('an owner with a limit of slots leaves the others to others, over all sessions', async () => {
  const queue = new FairQueue(4);
  const begun: string[] = [];
  const ask = (session: string, owner: string, ofOwner?: number) =>
    queue.enqueue(session, () => begun.push(session), { owner, ofOwner });
  const [first] = [ask('a1', 'a', 2), ask('a2', 'a', 2), ask('a3', 'a', 2)];
  ask('b1', 'b');
  await Promise.resolve();
  assert.equal(begun, ['a1', 'a2', 'b1'], 'one is free, and not for a');
  ask('b2', 'b');
  queue.release(first as NonNullable<typeof first>);
  await Promise.resolve();
  assert.equal(begun, ['a1', 'a2', 'b1', 'b2', 'a3']);
});

test('what is still to come counts with what is held; others, and those without a limit, go on', async () => {
  const held = new Map([['full', 90]]);
  const asked: string[] = [];
  const fixture = await createFixture({
    measureSpace: () => Promise.resolve({ freeBytes: 500e6, totalBytes: 1e9 }),
    heldBy: (owner) => {
      asked.push(owner);
      return Promise.resolve(held.get(owner) ?? 0);
    },
  });
  try {
    const { runner, http, event, clock } = fixture;
    const limits = { bytes: 100 };
    runner.send('s1', startOf('aaa', 1, { owner: 'full', limits, totalBytes: 11 }));
    const { error } = await event('failed');
    assert.equal([error.code, error.transient], ['person_limit', true]);
    assert.is(http.calls.length, 0, 'nothing was asked of the network');
    runner.send('s1', startOf('bbb', 1, { owner: 'full', limits, totalBytes: 10 }));
    const running = await http.call(0);
    runner.send('s2', startOf('ccc', 1, { owner: 'free', totalBytes: 1_000 }));
    const other = await http.call(1);
    assert.not(asked.includes('free'), 'what nobody limits is not counted');
    // Beside what runs of the same owner.
    runner.send('s3', startOf('ddd', 1, { owner: 'full', limits: { bytes: 109 }, totalBytes: 10 }));
    assert.is((await event('failed', 0, 's3')).error.code, 'person_limit');
    held.set('full', 91);
    clock.increment(2_000);
    await nextTurns();
    assert.equal([(await event('failed', 1)).download, running.job.signal.aborted], ['bbb', true]);
    assert.not(other.job.signal.aborted);
  } finally {
    await fixture.close();
  }
});

test.run();
