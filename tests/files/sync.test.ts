import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSyncer, type SyncPath } from '#lib/files/sync.server.ts';
import { settles } from '../support/wait.ts';

const errno = (code: string): Error => Object.assign(new Error(code), { code });

async function outcome(sync: Promise<void>): Promise<string> {
  return sync.then(
    () => 'synced',
    (thrown: NodeJS.ErrnoException) => String(thrown.code),
  );
}

/** Syncs that end when the test says so. */
function manual(): {
  calls: { path: string; end: (error?: Error) => void }[];
  syncPath: SyncPath;
  atOnce: () => number;
} {
  const calls: { path: string; end: (error?: Error) => void }[] = [];
  let open = 0;
  let most = 0;
  const syncPath: SyncPath = (path) => {
    most = Math.max(most, ++open);
    return new Promise<void>((resolve, reject) => {
      calls.push({ path, end: (error) => (error ? reject(error) : resolve()) });
    }).finally(() => open--);
  };
  return { calls, syncPath, atOnce: () => most };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('every sync ends: files that are there are synced, those that are gone or symlinks are errors of their own', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sync-'));
  try {
    const syncer = createSyncer(dir);
    const names = Array.from({ length: 50 }, (_, n) => `file-${n}`);
    for (const name of names) await writeFile(join(dir, name), name);
    await symlink('/dev/null', join(dir, 'link'));
    const outcomes = await settles(
      Promise.all([...names, 'gone', 'link'].map((name) => outcome(syncer.sync(join(dir, name))))),
    );
    assert.equal(outcomes, [...names.map(() => 'synced'), 'ENOENT', 'ELOOP']);
    assert.is(await settles(outcome(syncer.sync(join(dir, 'file-0')))), 'synced');
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('a folder that is gone fails every sync', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sync-'));
  await writeFile(join(dir, 'file'), 'x');
  const syncer = createSyncer(join(dir, 'gone'));
  assert.is(await settles(outcome(syncer.sync(join(dir, 'file')))), 'ENOENT');
  await rm(dir, { recursive: true });
});

test('a file is synced only once the folder is, and one that fails fails alone', async () => {
  const { calls, syncPath } = manual();
  const syncer = createSyncer('/d', syncPath);
  const ended: string[] = [];
  const note = (name: string): void => {
    void outcome(syncer.sync(name)).then((how) => ended.push(`${name} ${how}`));
  };
  note('/d/a');
  note('/d/b');
  note('/d/c');
  assert.equal(
    calls.map(({ path }) => path),
    ['/d/a', '/d/b'],
  );
  calls[0]?.end(errno('EIO'));
  calls[1]?.end();
  await turn();
  assert.equal(ended, ['/d/a EIO']);
  // One lane syncs the folder, the other goes on with what waits.
  const paths = calls.slice(2).map(({ path }) => path);
  assert.equal(paths.sort(), ['/d', '/d/c']);
  calls
    .slice(2)
    .find(({ path }) => path === '/d')
    ?.end();
  await turn();
  assert.equal(ended, ['/d/a EIO', '/d/b synced']);
  calls.find(({ path }) => path === '/d/c')?.end();
  await turn();
  calls.at(-1)?.end(errno('ENOSPC'));
  await turn();
  assert.equal(
    ended,
    ['/d/a EIO', '/d/b synced', '/d/c ENOSPC'],
    'a name that is not on the disk is no file',
  );
});

test('at most two syncs run at once, and a large file does not hold up the others', async () => {
  const { calls, syncPath, atOnce } = manual();
  const syncer = createSyncer('/d', syncPath);
  let small = 0;
  void syncer.sync('/d/large');
  for (let n = 0; n < 20; n++) void syncer.sync(`/d/${n}`).then(() => small++);
  for (let at = 1; at < calls.length || (await turn(), at < calls.length); at++) calls[at]?.end();
  assert.is(small, 20);
  assert.is(atOnce(), 2);
});

test('where the disk answers late more syncs run at once, and fewer again when it is fast', async () => {
  const { calls, syncPath } = manual();
  let nowMs = 0;
  const syncer = createSyncer('/d', syncPath, () => nowMs);
  let ended = 0;
  const endAll = async (folderMs: number): Promise<number> => {
    for (let n = 0; n < 100; n++) void syncer.sync(`/d/${n}`);
    let most = 0;
    while (ended < calls.length) {
      most = Math.max(most, calls.length - ended);
      for (const { path, end } of calls.slice(ended)) {
        if (path === '/d') nowMs += folderMs;
        end();
        ended++;
      }
      await turn();
    }
    return most;
  };
  assert.is(await endAll(100), 64, 'once the first folder has taken so long');
  assert.is(await endAll(1), 64);
  assert.is(await endAll(1), 2);
});

test('that the disk answers late is known after the first file, and the folder never waits long for others', async () => {
  const { calls, syncPath } = manual();
  let nowMs = 0;
  const syncer = createSyncer('/d', syncPath, () => nowMs);
  for (let n = 0; n < 10; n++) void syncer.sync(`/d/${n}`);
  calls[0]?.end();
  await turn();
  assert.equal(
    calls.map(({ path }) => path),
    ['/d/0', '/d/1', '/d'],
    'before any other file',
  );
  calls[2]?.end();
  await turn();
  calls[1]?.end();
  await turn();
  assert.is(calls.filter(({ path }) => path === '/d').length, 1, 'a fast disk: they are collected');
  nowMs += 100;
  calls.at(-1)?.end();
  await turn();
  assert.is(calls.at(-1)?.path, '/d');
});

test('what a file system cannot sync is as safe as it gets', async () => {
  // /proc has no fsync: EINVAL.
  assert.is(await outcome(createSyncer('/proc/self').sync('/proc/self/status')), 'synced');
});

test.run();
