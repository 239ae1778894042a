import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { realDisk, type Disk } from '#lib/files/finish/disk.server.ts';
import { deleteLanded, finishFile, resumeFinish } from '#lib/files/finish/finish.server.ts';
import { prepareWorkDir, removeWorkDir } from '#lib/files/work-dir.server.ts';
import { BODY, code, listing, put } from './helpers.ts';

interface Folders {
  dir: string;
  workDir: string;
}

const test = suite<Folders>('finish');

test.before.each(async (folders) => {
  folders.dir = await fs.mkdtemp(join(tmpdir(), 'sluice-finish-'));
  folders.workDir = (await prepareWorkDir(folders.dir, 'aaaaaaaaaaaa')).path;
});
test.after.each(async ({ dir }) => {
  await fs.rm(dir, { recursive: true, force: true });
});

async function finish({ dir, workDir }: Folders, name = 'clip.mp4', disk?: Disk): Promise<string> {
  const source = await put(workDir);
  return (await finishFile({ workDir, downloadDir: dir, name, ...source }, disk)).name;
}

function failing(call: keyof Disk, errno: string): Disk {
  return {
    ...realDisk,
    [call]: () => Promise.reject(Object.assign(new Error(errno), { code: errno, syscall: call })),
  };
}

test('a finished file is moved out of the work dir under its name', async (folders) => {
  assert.is(await finish(folders), 'clip.mp4');
  assert.equal(await listing(folders.dir), ['clip.mp4']);
  assert.is(await fs.readFile(join(folders.dir, 'clip.mp4'), 'utf8'), BODY);
  assert.not.ok((await fs.readdir(folders.workDir)).includes('data'));
});

test('a file in a folder of the work dir is moved too, one outside of it never', async ({ dir, workDir }) => {
  await fs.mkdir(join(workDir, 'out'));
  const { path, bytes } = await put(join(workDir, 'out'));
  assert.is((await finishFile({ workDir, downloadDir: dir, path, bytes, name: 'a' })).name, 'a');
  const outside = await put(dir);
  assert.is(await code(finishFile({ workDir, downloadDir: dir, ...outside, name: 'b' })), 'internal_error');
});

test('files, folders and symlinks under the wanted name are never touched', async (folders) => {
  const { dir } = folders;
  await fs.writeFile(join(dir, 'clip.mp4'), 'older');
  await fs.mkdir(join(dir, 'clip (2).mp4'));
  await fs.symlink('/nowhere/at/all', join(dir, 'clip (3).mp4'));
  await fs.symlink(join(dir, 'clip.mp4'), join(dir, 'clip (4).mp4'));
  assert.is(await finish(folders), 'clip (5).mp4');
  assert.is(await fs.readFile(join(dir, 'clip.mp4'), 'utf8'), 'older');
  assert.is(await fs.readlink(join(dir, 'clip (3).mp4')), '/nowhere/at/all');
});

test('the hundredth file of one name is numbered without trying each name', async (folders) => {
  const { dir } = folders;
  await fs.writeFile(join(dir, 'clip.mp4'), '');
  for (let n = 2; n < 100; n++) await fs.writeFile(join(dir, `clip (${n}).mp4`), '');
  let links = 0;
  const counting: Disk = { ...realDisk, link: (from, to) => (links++, fs.link(from, to)) };
  assert.is(await finish(folders, 'clip.mp4', counting), 'clip (100).mp4');
  assert.ok(links < 12, `${links} links tried`);
});

test('many downloads that finish at once with one name each get a name of their own', async ({ dir }) => {
  const ids = Array.from({ length: 24 }, (_, n) => `download-${n}`);
  const names = await Promise.all(
    ids.map(async (id) => {
      const workDir = (await prepareWorkDir(dir, id)).path;
      const source = await put(workDir, id);
      const { name } = await finishFile({ workDir, downloadDir: dir, name: 'same.bin', ...source });
      assert.is(await fs.readFile(join(dir, name), 'utf8'), id);
      return name;
    }),
  );
  assert.is(new Set(names).size, ids.length);
  assert.equal(await listing(dir), [...names].sort());
});

test('a size other than the engine reported is an error, and so is a missing file', async ({
  dir,
  workDir,
}) => {
  const { path, bytes } = await put(workDir);
  const request = { workDir, downloadDir: dir, path, name: 'a' };
  assert.is(await code(finishFile({ ...request, bytes: bytes + 1 })), 'size_mismatch');
  assert.is(await code(finishFile({ ...request, bytes, path: join(workDir, 'none') })), 'file_missing');
  await fs.symlink('/etc/hostname', join(workDir, 'link'));
  assert.is(await code(finishFile({ ...request, bytes, path: join(workDir, 'link') })), 'file_missing');
  assert.equal(await listing(dir), []);
});

for (const [errno, expected] of [
  ['ENOSPC', 'disk_full'],
  ['EDQUOT', 'disk_full'],
  ['EACCES', 'disk_denied'],
  ['EROFS', 'disk_read_only'],
  ['EIO', 'disk_error'],
] as const) {
  test(`${errno} while finishing is ${expected}, and finishing again moves the file`, async (folders) => {
    const { dir, workDir } = folders;
    assert.is(await code(finish(folders, 'clip.mp4', failing('link', errno))), expected);
    assert.equal(await listing(dir), []);
    assert.is((await resumeFinish({ workDir, downloadDir: dir }))?.name, 'clip.mp4');
  });
}

test('a download dir that went away is disk_missing', async (folders) => {
  const { dir, workDir } = folders;
  const source = await put(workDir);
  const gone = join(dir, 'not-mounted');
  assert.is(await code(finishFile({ workDir, downloadDir: gone, name: 'a', ...source })), 'disk_missing');
  assert.is(await code(prepareWorkDir(gone, 'aaaaaaaaaaaa')), 'disk_missing');
});

test('a finished file that was taken away is fetched again', async (folders) => {
  const { dir, workDir } = folders;
  await finish(folders);
  await fs.rm(join(dir, 'clip.mp4'));
  assert.is(await resumeFinish({ workDir, downloadDir: dir }), null);
  assert.is(await finish(folders), 'clip.mp4');
});

test('a file of another size than its journal says is deleted, not moved', async (folders) => {
  const { dir, workDir } = folders;
  await code(finish(folders, 'clip.mp4', failing('link', 'EIO')));
  const [name = ''] = (await fs.readdir(workDir)).filter((each) => each !== 'finish.json');
  await fs.truncate(join(workDir, name), 5);
  assert.is(await resumeFinish({ workDir, downloadDir: dir }), null);
  assert.equal(await fs.readdir(workDir), []);
  assert.equal(await listing(dir), []);
});

for (const [what, journal] of [
  ['empty', ''],
  ['cut short', '{"version":1,'],
  ['of a later version', { version: 2 }],
  ['pointing out of the work dir', { source: '../../secret' }],
  ['pointing at a path', { target: '../../../outside' }],
] as const) {
  test(`a journal that is ${what} is not trusted`, async ({ dir, workDir }) => {
    const good = {
      version: 1,
      name: 'a',
      target: 'a',
      bytes: 1,
      source: 'data',
      inode: '1',
      claim: null,
      at: 0,
    };
    const text = typeof journal === 'string' ? journal : JSON.stringify({ ...good, ...journal });
    await put(workDir);
    await fs.writeFile(join(workDir, 'finish.json'), text);
    assert.is(await resumeFinish({ workDir, downloadDir: dir }), null);
    assert.equal(await listing(dir), []);
  });
}

test('only a regular file directly in the folder is deleted', async ({ dir }) => {
  const outside = await fs.mkdtemp(join(tmpdir(), 'sluice-outside-'));
  try {
    await fs.writeFile(join(outside, 'precious'), 'x');
    await fs.writeFile(join(dir, 'mine'), 'x');
    await fs.mkdir(join(dir, 'folder'));
    await fs.symlink(join(outside, 'precious'), join(dir, 'link'));
    for (const name of ['link', 'folder', '.', '..', '.sluice', `../${outside}/precious`, 'none', '']) {
      assert.not.ok(await deleteLanded(dir, name), name);
    }
    assert.ok(await deleteLanded(dir, 'mine'));
    assert.equal(await listing(dir), ['folder', 'link']);
    assert.is(await fs.readFile(join(outside, 'precious'), 'utf8'), 'x');
  } finally {
    await fs.rm(outside, { recursive: true });
  }
});

test('a work dir is private, found again with its files, and removed with all of them', async ({
  dir,
  workDir,
}) => {
  assert.is((await fs.stat(workDir)).mode & 0o777, 0o700);
  await put(workDir);
  assert.equal(await prepareWorkDir(dir, 'aaaaaaaaaaaa'), { path: workDir, isNew: false });
  assert.equal(await fs.readdir(workDir), ['data']);
  await removeWorkDir(dir, 'aaaaaaaaaaaa');
  await removeWorkDir(dir, 'aaaaaaaaaaaa');
  assert.equal(await fs.readdir(join(dir, '.sluice')), []);
});

test('a malformed download id never becomes a path', async ({ dir }) => {
  for (const id of ['', '..', 'a/b', '../../x', 'a'.repeat(65), 'a\0b']) {
    assert.is(await code(prepareWorkDir(dir, id)), 'internal_error');
    assert.is(await code(removeWorkDir(dir, id)), 'internal_error');
  }
});

test('a symlink in place of a work dir is refused', async ({ dir }) => {
  await fs.symlink(tmpdir(), join(dir, '.sluice', 'linked'));
  assert.is(await code(prepareWorkDir(dir, 'linked')), 'disk_error');
});

test.run();
