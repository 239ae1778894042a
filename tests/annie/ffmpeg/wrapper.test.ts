import { chmod, copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { requireWrapper, WRAPPER_DIR, wrappedPath } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { withDir } from '../../process/machine.ts';

async function copyTo(dir: string): Promise<string> {
  await mkdir(dir);
  for (const name of ['ffmpeg', 'ffprobe']) await copyFile(join(WRAPPER_DIR, name), join(dir, name));
  return dir;
}

test('PATH begins with the wrapper, followed by the real program', () => {
  assert.is(wrappedPath('/opt/f/ffmpeg', '/bin:/usr/bin'), `${WRAPPER_DIR}:/opt/f:/bin:/usr/bin`);
  assert.is(wrappedPath(null, '/bin'), `${WRAPPER_DIR}:/bin`);
  assert.is(wrappedPath('/opt/f/ffmpeg', ''), `${WRAPPER_DIR}:/opt/f`);
});

test('the wrapper of this checkout is executable', () => {
  requireWrapper();
});

test('a wrapper without its executable mode gets it back', () =>
  withDir(async (root) => {
    const dir = await copyTo(join(root, 'ours'));
    await chmod(join(dir, 'ffprobe'), 0o644);
    requireWrapper(dir);
    assert.is((await stat(join(dir, 'ffprobe'))).mode & 0o111, 0o111);
  }));

test('without a usable wrapper there are no engines: the error names the file, or the colon in its folder', () =>
  withDir(async (root) => {
    const dir = await copyTo(join(root, 'ours'));
    await rm(join(dir, 'ffprobe'));
    assert.throws(() => requireWrapper(dir), /ours\/ffprobe cannot be executed \(ENOENT\)/);
    const colon = await copyTo(join(root, 'a:b'));
    assert.throws(() => requireWrapper(colon), /holds a colon/);
  }));

test.run();
