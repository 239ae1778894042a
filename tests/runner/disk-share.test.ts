/** What is left of a disk is for others. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DiskSpace } from '#lib/files/disk-space.server.ts';
import { createFixture, nextTurns, startOf } from './fixture.ts';

test('downloads of an owner who has to leave the rest to others end, also those that run; others go on', async () => {
  const full = new Set<string | undefined>();
  const asked: DiskSpace[] = [];
  const space = { freeBytes: 500e6, totalBytes: 1e9 };
  const fixture = await createFixture({
    measureSpace: () => Promise.resolve(space),
    isForOthers: (owner, found) => {
      asked.push(found);
      return Promise.resolve(full.has(owner));
    },
  });
  try {
    const { runner, http, event, clock } = fixture;
    runner.send('s1', startOf('aaa', 1, { owner: 'greedy' }));
    const running = await http.call(0);
    runner.send('s1', startOf('bbb', 1, { owner: 'modest' }));
    const modest = await http.call(1);
    runner.send('s1', startOf('ccc'));
    const unknown = await http.call(2);
    full.add('greedy');
    clock.increment(2_000);
    const { error, download } = await event('failed');
    assert.equal([download, error.code, error.transient], ['aaa', 'disk_share', true]);
    assert.ok(running.job.signal.aborted);
    await nextTurns();
    assert.not([modest, unknown].some(({ job }) => job.signal.aborted));
    runner.send('s1', startOf('ddd', 1, { owner: 'greedy' }));
    assert.is((await event('failed', 1)).error.code, 'disk_share');
    assert.is(http.calls.length, 3, 'nothing was asked of the network');
    full.clear();
    runner.send('s1', startOf('aaa', 2, { owner: 'greedy' }));
    await (await http.call(3)).finish();
    await event('done');
    assert.equal(asked[0], space);
  } finally {
    await fixture.close();
  }
});

test.run();
