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

test('PATH begins with ours, and the real one is the next', () => {
  assert.is(wrappedPath('/opt/f/ffmpeg', '/bin:/usr/bin'), `${WRAPPER_DIR}:/opt/f:/bin:/usr/bin`);
  assert.is(wrappedPath(null, '/bin'), `${WRAPPER_DIR}:/bin`);
  assert.is(wrappedPath('/opt/f/ffmpeg', ''), `${WRAPPER_DIR}:/opt/f`);
});

test('the wrapper of this checkout can be started', () => {
  requireWrapper();
});

test('one that lost its mode on the way gets it back', () =>
  withDir(async (root) => {
    const dir = await copyTo(join(root, 'ours'));
    await chmod(join(dir, 'ffprobe'), 0o644);
    requireWrapper(dir);
    assert.is((await stat(join(dir, 'ffprobe'))).mode & 0o111, 0o111);
  }));

test('without a whole wrapper no engine is made: the error names the file, and says that PATH cannot hold a colon', () =>
  withDir(async (root) => {
    const dir = await copyTo(join(root, 'ours'));
    await rm(join(dir, 'ffprobe'));
    assert.throws(() => requireWrapper(dir), /ours\/ffprobe cannot be executed \(ENOENT\)/);
    const colon = await copyTo(join(root, 'a:b'));
    assert.throws(() => requireWrapper(colon), /holds a colon/);
  }));

test.run();
