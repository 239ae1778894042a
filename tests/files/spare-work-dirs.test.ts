import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SpareWorkDirs } from '#lib/files/spare-work-dirs.server.ts';
import { prepareWorkDir, removeWorkDir, workDirOf } from '#lib/files/work-dir.server.ts';
import { waitFor } from '../support/wait.ts';
import { withDir } from '../process/machine.ts';
import { createFixture, startOf } from '../runner/fixture.ts';

const createWorkDir = async (dir: string, download: string, files: Record<string, string>): Promise<void> => {
  const { path } = await prepareWorkDir(dir, download);
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
};
const namesIn = async (dir: string, name: string): Promise<string[]> =>
  (await readdir(join(dir, '.sluice', name))).sort();

test('the next download of the session gets the dir, with nothing of the last one but its owner', () =>
  withDir(async (dir) => {
    const spares = new SpareWorkDirs(dir);
    await createWorkDir(dir, 'first', {
      'owner.json': 'mine',
      'finish.json': '{}',
      data: 'bytes',
      'data.part': '',
    });
    await spares.add('s1', 'first');
    assert.equal(await namesIn(dir, ''), ['first.removed']);
    assert.is(await spares.reuse('s2', 'second'), false, 'its owner is s1');
    assert.is(await spares.reuse('s1', 'second'), true);
    assert.equal(await namesIn(dir, ''), ['second']);
    // The journal has become a draft, which is never read.
    assert.equal(await namesIn(dir, 'second'), ['finish.json.new', 'owner.json']);
    assert.is(await readFile(join(workDirOf(dir, 'second'), 'owner.json'), 'utf8'), 'mine');
    assert.is(await spares.reuse('s1', 'third'), false);
  }));

test('a download that has files of its own gets no spare', () =>
  withDir(async (dir) => {
    const spares = new SpareWorkDirs(dir);
    await createWorkDir(dir, 'first', {});
    await spares.add('s1', 'first');
    await createWorkDir(dir, 'second', { 'data.part': 'half' });
    assert.is(await spares.reuse('s1', 'second'), false);
    assert.equal(await namesIn(dir, 'second'), ['data.part']);
    assert.equal(await namesIn(dir, ''), ['second']);
  }));

test('a spare that was taken away is not reused', () =>
  withDir(async (dir) => {
    const spares = new SpareWorkDirs(dir);
    await createWorkDir(dir, 'first', {});
    await spares.add('s1', 'first');
    await removeWorkDir(dir, 'first');
    assert.is(await spares.reuse('s1', 'second'), false);
  }));

test('a work dir that holds folders is removed, and a missing one is no error', () =>
  withDir(async (dir) => {
    const spares = new SpareWorkDirs(dir);
    await createWorkDir(dir, 'first', {});
    await mkdir(join(workDirOf(dir, 'first'), 'frames'));
    await spares.add('s1', 'first');
    await spares.add('s1', 'never');
    assert.equal(await namesIn(dir, ''), []);
    assert.is(await spares.reuse('s1', 'second'), false);
  }));

test('at most 256 spares are kept, and they are removed with their session', () =>
  withDir(async (dir) => {
    const spares = new SpareWorkDirs(dir);
    for (let n = 0; n < 260; n++) {
      await createWorkDir(dir, `d${n}`, {});
      await spares.add('s1', `d${n}`);
    }
    assert.is((await namesIn(dir, '')).length, 256);
    await spares.remove('s2');
    assert.is((await namesIn(dir, '')).length, 256);
    await spares.remove('s1');
    assert.equal(await namesIn(dir, ''), []);
    assert.is(await spares.reuse('s1', 'next'), false);
  }));

test('successive downloads beside a long one reuse one dir; when nothing runs, none is left', async () => {
  const { runner, http, event, files, workDirs, dir, close } = await createFixture({ instance: 'me' });
  try {
    runner.send('s1', startOf('long'));
    await http.call(0);
    for (const [n, id] of ['one', 'two', 'three'].entries()) {
      runner.send('s1', startOf(id));
      const call = await http.call(n + 1);
      assert.equal(await workDirs(), ['long', id]);
      await call.finish(`${id}.mp4`, id);
      await event('done', n);
      runner.send('s1', { type: 'settle', download: id });
      await waitFor(async () => (await workDirs()).includes(`${id}.removed`));
    }
    const long = await http.call(0);
    await long.finish('long.mp4', 'long');
    await event('done', 3);
    runner.send('s1', { type: 'settle', download: 'long' });
    await waitFor(async () => (await workDirs()).length === 0);
    assert.equal(await files(), ['long.mp4', 'one.mp4', 'three.mp4', 'two.mp4']);
    for (const id of ['long', 'one', 'two', 'three']) {
      assert.is(await readFile(join(dir, `${id}.mp4`), 'utf8'), id);
    }
  } finally {
    await close();
  }
});

test.run();
