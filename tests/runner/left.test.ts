import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finishFile } from '#lib/files/finish/finish.server.ts';
import { listAside } from '#lib/files/set-aside.server.ts';
import { waitFor } from '../support/wait.ts';
import { type Ground, layGround, startOf } from './ground.ts';

async function grounded(instance: string | null, body: (ground: Ground) => Promise<void>): Promise<void> {
  const ground = await layGround({ instance });
  try {
    await body(ground);
  } finally {
    await ground.close();
  }
}

/** A work dir as somebody's attempt leaves it. */
async function leave(dir: string, name: string, owner: object | string | null): Promise<void> {
  const path = join(dir, '.sluice', name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'data'), 'bytes');
  if (owner !== null) {
    await writeFile(join(path, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  }
}

test('an attempt says in its work dir whose it is', () =>
  grounded('me', async ({ runner, http, dir }) => {
    runner.send('s1', startOf('aaa'));
    await http.call(0);
    const owner: unknown = JSON.parse(await readFile(join(dir, '.sluice/aaa/owner.json'), 'utf8'));
    assert.equal(owner, { version: 1, instance: 'me', session: 's1' });
  }));

test('each session is told which of its work dirs are here, and nobody of the work of others', () =>
  grounded('me', async ({ runner, dir, events, workDirs }) => {
    await leave(dir, 'aaa', { version: 1, instance: 'me', session: 's1' });
    await leave(dir, 'bbb', { version: 1, instance: 'me', session: 's2' });
    await leave(dir, 'ccc', { version: 1, instance: 'other', session: 's1' });
    await leave(dir, 'ddd', null);
    await leave(dir, 'eee', '{"version":1,"inst');
    await leave(dir, 'fff', { version: 2, instance: 'me', session: 's1' });
    await runner.report();
    await waitFor(() => events('s2').length > 0);
    assert.equal(events('s1'), [{ type: 'found', downloads: ['aaa'] }]);
    assert.equal(events('s2'), [{ type: 'found', downloads: ['bbb'] }]);
    assert.is((await workDirs()).length, 6, 'nothing is removed unasked');
  }));

test('a half-removed work dir is taken away, whoever was killed removing it', () =>
  grounded('me', async ({ runner, dir, workDirs, events }) => {
    await leave(dir, 'aaa.removed', null);
    await leave(dir, 'bbb.removed', { version: 1, instance: 'other', session: 's1' });
    await runner.report();
    assert.equal(await workDirs(), []);
    assert.equal(events(), []);
  }));

test('a work dir is removed also where an earlier removal of it was cut short', () =>
  grounded('me', async ({ runner, dir, event, workDirs }) => {
    await leave(dir, 'aaa', null);
    await leave(dir, 'aaa.removed', null);
    runner.send('s1', { type: 'discard', download: 'aaa', file: null });
    await event('discarded');
    assert.equal(await workDirs(), []);
  }));

/** A work dir whose file has landed as `clip.mp4`, as a kill leaves it before anybody is told. */
async function land(dir: string, name: string): Promise<void> {
  await leave(dir, name, { version: 1, instance: 'me', session: 's1' });
  const workDir = join(dir, '.sluice', name);
  await finishFile({ workDir, downloadDir: dir, path: join(workDir, 'data'), bytes: 5, name: 'clip.mp4' });
}

test('a removed download leaves no file that landed before a kill, and only its own goes', () =>
  grounded('me', async ({ runner, dir, event, files, workDirs }) => {
    await land(dir, 'aaa');
    await land(dir, 'bbb');
    assert.equal(await files(), ['clip (2).mp4', 'clip.mp4']);
    runner.send('s1', { type: 'discard', download: 'aaa', file: null });
    await event('discarded');
    assert.equal([await files(), await workDirs()], [['clip (2).mp4'], ['bbb']]);
  }));

test('a download that is removed without its file leaves it', () =>
  grounded('me', async ({ runner, dir, event, files, workDirs }) => {
    await land(dir, 'aaa');
    runner.send('s1', { type: 'discard', download: 'aaa', file: null, keepFile: true });
    await event('discarded');
    assert.equal([await files(), await workDirs()], [['clip.mp4'], []]);
  }));

test('without a download dir, or an instance, there is nothing to tell', async () => {
  await grounded('me', async ({ runner, dir, events }) => {
    await runner.report();
    assert.equal(events(), []);
    assert.equal(await readdir(dir), []);
  });
  await grounded(null, async ({ runner, dir, events }) => {
    await leave(dir, 'aaa', { version: 1, instance: 'null', session: 's1' });
    await runner.report();
    assert.equal(events(), []);
  });
});

/** Names in `.sluice` of what was set aside, without its time. */
async function asideIn(dir: string): Promise<string[]> {
  const names = await readdir(join(dir, '.sluice'));
  return names.filter((name) => name.includes('.aside-')).map((name) => name.replace(/\d+$/, ''));
}

test('a work dir that is set aside is kept under another name, is not found again, and its download gets it back', () =>
  grounded('me', async ({ runner, dir, events, http }) => {
    await leave(dir, 'aaa', { version: 1, instance: 'me', session: 's1' });
    await leave(dir, 'bbb', { version: 1, instance: 'me', session: 's1' });
    for (const download of ['aaa', 'bbb', 'nothing']) runner.send('s1', { type: 'set-aside', download });
    await waitFor(async () => (await asideIn(dir)).length === 2, { what: 'both to be set aside' });
    await runner.report();
    assert.equal(events('s1'), []);
    runner.send('s1', startOf('aaa'));
    const { job } = await http.call(0);
    assert.is(await readFile(join(job.workDir, 'data'), 'utf8'), 'bytes');
    assert.equal(await asideIn(dir), ['bbb.aside-']);
  }));

test('a work dir in which something runs is not set aside', () =>
  grounded('me', async ({ runner, dir, http }) => {
    runner.send('s1', startOf('aaa'));
    await http.call(0);
    runner.send('s1', { type: 'set-aside', download: 'aaa' });
    runner.send('s1', { type: 'set-aside', download: 'none' });
    await runner.report();
    assert.equal(await asideIn(dir), []);
  }));

test('what was set aside is listed, and goes after 30 days at a start of its own instance', () =>
  grounded('me', async ({ runner, dir }) => {
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
    await runner.report();
    assert.equal((await asideIn(dir)).sort(), ['oldother.aside-', 'youngme.aside-', 'youngother.aside-']);
  }));

test.run();
