/** From the file's name to `done`: the slot is free, and nothing is complete before the disk holds it. */
import { readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSyncer, type Syncer, syncOnDisk } from '#lib/files/sync.server.ts';
import { waitFor } from '../support/wait.ts';
import { createFixture, type Fixture, nextTurns, startOf, summarize } from './fixture.ts';

interface HeldSync {
  path: string;
  end: (error?: unknown) => void;
}

/** A runner whose syncs end when the test says so. */
async function withHeldSyncs(
  body: (fixture: Fixture, syncs: HeldSync[]) => Promise<void>,
  maxActive = 1,
): Promise<void> {
  const syncs: HeldSync[] = [];
  const syncer: Syncer = {
    sync: (path) =>
      new Promise((resolve, reject) => {
        syncs.push({ path, end: (error) => (error === undefined ? resolve() : reject(error as Error)) });
      }),
  };
  const fixture = await createFixture({ syncer, maxActive, instance: 'me' });
  try {
    await body(fixture, syncs);
  } finally {
    for (const sync of syncs) sync.end();
    await fixture.close();
  }
}

const errno = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'fsync' });

/** Starts a download and brings it to `landed`. */
async function land({ runner, http, event }: Fixture, download: string, n = 0): Promise<void> {
  runner.send('s1', startOf(download));
  await (await http.call(n)).finish();
  await event('landed', n);
}

test('a landed download gives its slot to the next one, and is done once it is synced', () =>
  withHeldSyncs(async (fixture, syncs) => {
    const { runner, http, event, events, files } = fixture;
    await land(fixture, 'aaa');
    assert.equal(await files(), ['clip.mp4']);
    runner.send('s1', startOf('bbb'));
    await http.call(1);
    await nextTurns();
    assert.not.ok(summarize(events()).includes('done aaa.1'), 'not before the sync');
    (await waitFor(() => syncs[0])).end();
    assert.is((await event('done')).file.name, 'clip.mp4');
  }));

for (const [code, expected] of [
  ['EIO', 'disk_error'],
  ['ENOSPC', 'disk_full'],
  ['EDQUOT', 'disk_full'],
  ['EROFS', 'disk_read_only'],
  ['ENOENT', 'file_missing'],
] as const) {
  test(`a sync that fails with ${code} fails the download with ${expected}, and its bytes are not trusted`, () =>
    withHeldSyncs(async (fixture, syncs) => {
      const { runner, http, event, events, files, workDirs } = fixture;
      await land(fixture, 'aaa');
      (await waitFor(() => syncs[0])).end(errno(code));
      assert.is((await event('failed')).error.code, expected);
      assert.equal([await files(), await workDirs()], [[], []]);
      runner.send('s1', startOf('aaa', 2));
      await (await http.call(1)).finish();
      await event('landed', 1);
      (await waitFor(() => syncs[1])).end();
      await event('done');
      assert.is(summarize(events()).filter((each) => each.startsWith('done')).length, 1);
      assert.equal(await files(), ['clip.mp4']);
    }));
}

test('a stop while it is saved ends in done, a discard in nothing left', () =>
  withHeldSyncs(async (fixture, syncs) => {
    const { runner, event, events, files, workDirs } = fixture;
    await land(fixture, 'aaa');
    runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
    await nextTurns();
    assert.not.ok(events().some(({ type }) => type === 'stopped' || type === 'done'));
    (await waitFor(() => syncs[0])).end();
    await event('stopped');
    assert.equal(summarize(events()).slice(-2), ['done aaa.1', 'stopped aaa.1']);
    await land(fixture, 'bbb', 1);
    runner.send('s1', { type: 'discard', download: 'bbb', file: null });
    (await waitFor(() => syncs[1])).end();
    await event('discarded');
    assert.equal([await files(), await workDirs()], [['clip.mp4'], ['aaa']]);
  }));

test('a session that asks again while the file is saved hears that it has landed', () =>
  withHeldSyncs(async (fixture) => {
    const { runner, event, events } = fixture;
    await land(fixture, 'aaa');
    runner.send('s1', startOf('aaa'));
    await event('landed', 1);
    assert.is(summarize(events()).at(-1), 'landed aaa.1');
  }));

test('a file that a program moves away while it is saved is complete, one that is deleted is missing', () =>
  withHeldSyncs(async (fixture, syncs) => {
    const { dir, event } = fixture;
    await land(fixture, 'aaa');
    await rename(join(dir, 'clip.mp4'), join(dir, 'taken.mp4'));
    await syncOnDisk((await waitFor(() => syncs[0])).path, 'datasync');
    (await waitFor(() => syncs[0])).end();
    await event('done');
    await land(fixture, 'bbb', 1);
    await unlink(join(dir, 'clip.mp4'));
    (await waitFor(() => syncs[1])).end();
    assert.is((await event('failed')).error.code, 'file_missing');
  }));

test('the work dir holds a second name of the file until the session has stored that it is done', async () => {
  const fixture = await createFixture({ syncer: createSyncer('/nowhere', () => Promise.resolve()) });
  try {
    const { dir, runner, event, workDirs } = fixture;
    await land(fixture, 'aaa');
    await event('done');
    assert.equal((await readdir(join(dir, '.sluice/aaa'))).sort(), ['finish.json', 'landed.data']);
    runner.send('s1', { type: 'settle', download: 'aaa' });
    await waitFor(async () => !(await workDirs()).includes('aaa'), { what: 'the work dir to be removed' });
  } finally {
    await fixture.close();
  }
});

test.run();
