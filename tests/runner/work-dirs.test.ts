import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bootId } from '#lib/files/boot-id.server.ts';
import { finishFile } from '#lib/files/finish/finish.server.ts';
import { listAside } from '#lib/files/set-aside.server.ts';
import { waitFor } from '../support/wait.ts';
import { type Fixture, createFixture, startOf } from './fixture.ts';

async function withFixture(
  instance: string | null,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const fixture = await createFixture({ instance });
  try {
    await body(fixture);
  } finally {
    await fixture.close();
  }
}

/** Creates a work dir as an attempt leaves it. */
async function leave(dir: string, name: string, owner: object | string | null): Promise<void> {
  const path = join(dir, '.sluice', name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'data'), 'bytes');
  if (owner !== null) {
    await writeFile(join(path, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  }
}

test('an attempt records the owner in its work dir', () =>
  withFixture('me', async ({ runner, http, dir }) => {
    runner.send('s1', startOf('aaa'));
    await http.call(0);
    const owner: unknown = JSON.parse(await readFile(join(dir, '.sluice/aaa/owner.json'), 'utf8'));
    assert.equal(owner, { version: 1, instance: 'me', session: 's1', boot: bootId() });
  }));

test('each session gets the ids of its work dirs, and nobody those of other owners', () =>
  withFixture('me', async ({ runner, dir, events, workDirs }) => {
    await leave(dir, 'aaa', { version: 1, instance: 'me', session: 's1' });
    await leave(dir, 'bbb', { version: 1, instance: 'me', session: 's2' });
    await leave(dir, 'ccc', { version: 1, instance: 'other', session: 's1' });
    await leave(dir, 'ddd', null);
    await leave(dir, 'eee', '{"version":1,"inst');
    await leave(dir, 'fff', { version: 2, instance: 'me', session: 's1' });
    await runner.reportWorkDirs();
    await waitFor(() => events('s2').length > 0);
    assert.equal(events('s1'), [{ type: 'found', downloads: ['aaa'] }]);
    assert.equal(events('s2'), [{ type: 'found', downloads: ['bbb'] }]);
    assert.is((await workDirs()).length, 6, 'nothing is removed unasked');
  }));

test('a half-removed work dir is removed, whoever began to remove it', () =>
  withFixture('me', async ({ runner, dir, workDirs, events }) => {
    await leave(dir, 'aaa.removed', null);
    await leave(dir, 'bbb.removed', { version: 1, instance: 'other', session: 's1' });
    await runner.reportWorkDirs();
    assert.equal(await workDirs(), []);
    assert.equal(events(), []);
  }));

test('a work dir is removed even if an earlier removal of it was interrupted', () =>
  withFixture('me', async ({ runner, dir, event, workDirs }) => {
    await leave(dir, 'aaa', null);
    await leave(dir, 'aaa.removed', null);
    runner.send('s1', { type: 'discard', download: 'aaa', file: null });
    await event('discarded');
    assert.equal(await workDirs(), []);
  }));

/** Creates a work dir whose file was moved to `clip.mp4`, as a kill before the report leaves it. */
async function moveAndLeave(dir: string, name: string): Promise<void> {
  await leave(dir, name, { version: 1, instance: 'me', session: 's1' });
  const workDir = join(dir, '.sluice', name);
  await finishFile({ workDir, downloadDir: dir, path: join(workDir, 'data'), bytes: 5, name: 'clip.mp4' });
}

test('a discarded download deletes the file that it finished before a kill, and no other', () =>
  withFixture('me', async ({ runner, dir, event, files, workDirs }) => {
    await moveAndLeave(dir, 'aaa');
    await moveAndLeave(dir, 'bbb');
    assert.equal(await files(), ['clip (2).mp4', 'clip.mp4']);
    runner.send('s1', { type: 'discard', download: 'aaa', file: null });
    await event('discarded');
    assert.equal([await files(), await workDirs()], [['clip (2).mp4'], ['bbb']]);
  }));

test('a download that is discarded with keepFile keeps its file', () =>
  withFixture('me', async ({ runner, dir, event, files, workDirs }) => {
    await moveAndLeave(dir, 'aaa');
    runner.send('s1', { type: 'discard', download: 'aaa', file: null, keepFile: true });
    await event('discarded');
    assert.equal([await files(), await workDirs()], [['clip.mp4'], []]);
  }));

test('what is discarded while the folder is away is not, whatever lies there, until it is asked for again', () =>
  withFixture('me', async ({ runner, dir, event, files, workDirs, logged }) => {
    await moveAndLeave(dir, 'aaa');
    await rename(dir, `${dir}.away`);
    const discard = { type: 'discard', download: 'aaa', file: null } as const;
    runner.send('s1', discard);
    await event('not-discarded');
    await rename(`${dir}.away`, dir);
    assert.equal([await files(), await workDirs()], [['clip.mp4'], ['aaa']]);
    runner.send('s1', discard);
    await event('discarded');
    assert.equal([await files(), await workDirs()], [[], []]);
    assert.not(logged.includes('a download could not be removed'));
  }));

test('without work dirs, or an instance, nothing is reported', async () => {
  await withFixture('me', async ({ runner, dir, events }) => {
    await runner.reportWorkDirs();
    assert.equal(events(), []);
    assert.equal(await readdir(dir), []);
  });
  await withFixture(null, async ({ runner, dir, events }) => {
    await leave(dir, 'aaa', { version: 1, instance: 'null', session: 's1' });
    await runner.reportWorkDirs();
    assert.equal(events(), []);
  });
});

/** Names in `.sluice` of what was set aside, without its time. */
async function asideIn(dir: string): Promise<string[]> {
  const names = await readdir(join(dir, '.sluice'));
  return names.filter((name) => name.includes('.aside-')).map((name) => name.replace(/\d+$/, ''));
}

test('a work dir that is set aside is kept under another name, is not found again, and its download gets it back', () =>
  withFixture('me', async ({ runner, dir, events, http }) => {
    await leave(dir, 'aaa', { version: 1, instance: 'me', session: 's1' });
    await leave(dir, 'bbb', { version: 1, instance: 'me', session: 's1' });
    for (const download of ['aaa', 'bbb', 'nothing']) runner.send('s1', { type: 'set-aside', download });
    await waitFor(async () => (await asideIn(dir)).length === 2, { what: 'both to be set aside' });
    await runner.reportWorkDirs();
    assert.equal(events('s1'), []);
    runner.send('s1', startOf('aaa'));
    const { job } = await http.call(0);
    assert.is(await readFile(join(job.workDir, 'data'), 'utf8'), 'bytes');
    assert.equal(await asideIn(dir), ['bbb.aside-']);
  }));

test('a work dir in which something runs is not set aside', () =>
  withFixture('me', async ({ runner, dir, http }) => {
    runner.send('s1', startOf('aaa'));
    await http.call(0);
    runner.send('s1', { type: 'set-aside', download: 'aaa' });
    runner.send('s1', { type: 'set-aside', download: 'none' });
    await runner.reportWorkDirs();
    assert.equal(await asideIn(dir), []);
  }));

test('what was set aside is listed, and goes after 30 days at a start of its own instance', () =>
  withFixture('me', async ({ runner, dir }) => {
    const day = 86_400_000;
    const names = { old: Date.now() - 30 * day - 60_000, young: Date.now() - 30 * day + 60_000 };
    for (const instance of ['me', 'other'])
      for (const [name, since] of Object.entries(names))
        await leave(dir, `${name}${instance}.aside-${since}`, { version: 1, instance, session: 's1' });
    const listed = await listAside(dir, 'me');
    assert.equal(
      listed.map(({ download, session, until, since }) => [download, session, until - since]),
      [
        ['oldme', 's1', 30 * day],
        ['youngme', 's1', 30 * day],
      ],
    );
    assert.ok(listed.every(({ bytes }) => bytes > 0));
    await runner.reportWorkDirs();
    assert.equal((await asideIn(dir)).sort(), ['oldother.aside-', 'youngme.aside-', 'youngother.aside-']);
  }));

test.run();
