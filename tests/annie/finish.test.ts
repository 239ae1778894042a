import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test as plain, suite } from 'uvu';
import * as assert from 'uvu/assert';
import { realDisk, type Disk } from '#lib/annie/finish-disk.server.ts';
import { deleteFinished, finishFile, resumeFinish } from '#lib/annie/finish.server.ts';
import { prepareWorkDir, removeWorkDir } from '#lib/annie/work-dir.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { testUnless } from '../support/skip.ts';

interface Ground {
  dir: string;
  workDir: string;
}

const test = suite<Ground>('finish');
const BODY = 'the whole file';
const CRASHER = fileURLToPath(new URL('./finish-crasher.ts', import.meta.url));
/** Another file system than the temp dir's, for real EXDEV answers. */
const OTHER_FILE_SYSTEM = '/dev/shm';

test.before.each(async (ground) => {
  ground.dir = await fs.mkdtemp(join(tmpdir(), 'sluice-finish-'));
  ground.workDir = await prepareWorkDir(ground.dir, 'aaaaaaaaaaaa');
});
test.after.each(async ({ dir }) => {
  await fs.rm(dir, { recursive: true, force: true });
});

async function put(workDir: string, body = BODY): Promise<{ path: string; bytes: number }> {
  const path = join(workDir, 'data');
  await fs.writeFile(path, body);
  return { path, bytes: Buffer.byteLength(body) };
}

async function finish({ dir, workDir }: Ground, name = 'clip.mp4', disk?: Disk): Promise<string> {
  const source = await put(workDir);
  return (await finishFile({ workDir, downloadDir: dir, name, ...source }, disk)).name;
}

/** What a person sees in the folder. */
async function listing(dir: string): Promise<string[]> {
  return (await fs.readdir(dir)).filter((name) => name !== '.sluice').sort();
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown.code;
    throw thrown;
  }
  return 'nothing thrown';
}

function failing(call: keyof Disk, errno: string): Disk {
  return {
    ...realDisk,
    [call]: () => Promise.reject(Object.assign(new Error(errno), { code: errno, syscall: call })),
  };
}

class Crash extends Error {}

/** A disk on which the process "dies" before or after its n-th call. */
function crashing(base: Disk, n: number, when: 'before' | 'after'): Disk {
  let calls = 0;
  const wrapped = Object.entries(base).map(([name, call]) => [
    name,
    async (...args: unknown[]) => {
      calls++;
      if (calls > n || (calls === n && when === 'before')) throw new Crash();
      const result = await (call as (...args: unknown[]) => Promise<unknown>)(...args);
      if (calls === n) {
        if (name === 'open') await (result as fs.FileHandle).close();
        throw new Crash();
      }
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as Disk;
}

const noLinks: Disk = {
  ...realDisk,
  async link(from, to) {
    // as the kernel answers: the name is looked at before the file system is asked
    const exists = await fs.lstat(to).then(
      () => true,
      () => false,
    );
    await fs.lstat(from);
    throw Object.assign(new Error('no links'), { code: exists ? 'EEXIST' : 'EPERM' });
  },
};
const otherDevice: Disk = {
  ...noLinks,
  async rename(from, to) {
    if (!String(from).endsWith('.new')) throw Object.assign(new Error('far'), { code: 'EXDEV' });
    await fs.rename(from, to);
  },
};

test('a finished file leaves the work dir and lands under its name', async (ground) => {
  assert.is(await finish(ground), 'clip.mp4');
  assert.equal(await listing(ground.dir), ['clip.mp4']);
  assert.is(await fs.readFile(join(ground.dir, 'clip.mp4'), 'utf8'), BODY);
  assert.not.ok((await fs.readdir(ground.workDir)).includes('data'));
});

test('a file deeper in the work dir lands too, one outside of it never', async ({ dir, workDir }) => {
  await fs.mkdir(join(workDir, 'out'));
  const { path, bytes } = await put(join(workDir, 'out'));
  assert.is((await finishFile({ workDir, downloadDir: dir, path, bytes, name: 'a' })).name, 'a');
  const outside = await put(dir);
  assert.is(await code(finishFile({ workDir, downloadDir: dir, ...outside, name: 'b' })), 'internal_error');
});

test('taken names are never touched: files, folders and symlinks keep what they are', async (ground) => {
  const { dir } = ground;
  await fs.writeFile(join(dir, 'clip.mp4'), 'older');
  await fs.mkdir(join(dir, 'clip (2).mp4'));
  await fs.symlink('/nowhere/at/all', join(dir, 'clip (3).mp4'));
  await fs.symlink(join(dir, 'clip.mp4'), join(dir, 'clip (4).mp4'));
  assert.is(await finish(ground), 'clip (5).mp4');
  assert.is(await fs.readFile(join(dir, 'clip.mp4'), 'utf8'), 'older');
  assert.is(await fs.readlink(join(dir, 'clip (3).mp4')), '/nowhere/at/all');
});

test('the hundredth file of one name is numbered without knocking at each name', async (ground) => {
  const { dir } = ground;
  await fs.writeFile(join(dir, 'clip.mp4'), '');
  for (let n = 2; n < 100; n++) await fs.writeFile(join(dir, `clip (${n}).mp4`), '');
  let links = 0;
  const counting: Disk = { ...realDisk, link: (from, to) => (links++, fs.link(from, to)) };
  assert.is(await finish(ground, 'clip.mp4', counting), 'clip (100).mp4');
  assert.ok(links < 12, `${links} links tried`);
});

test('many downloads that finish with one name at once all land, each under its own', async ({ dir }) => {
  const ids = Array.from({ length: 24 }, (_, n) => `download-${n}`);
  const names = await Promise.all(
    ids.map(async (id) => {
      const workDir = await prepareWorkDir(dir, id);
      const source = await put(workDir, id);
      const { name } = await finishFile({ workDir, downloadDir: dir, name: 'same.bin', ...source });
      assert.is(await fs.readFile(join(dir, name), 'utf8'), id);
      return name;
    }),
  );
  assert.is(new Set(names).size, ids.length);
  assert.equal(await listing(dir), [...names].sort());
});

test('a size that is not what the engine said is an error, and so is no file', async ({ dir, workDir }) => {
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
  test(`${errno} while finishing is ${expected}, and finishing again lands the file`, async (ground) => {
    const { dir, workDir } = ground;
    assert.is(await code(finish(ground, 'clip.mp4', failing('link', errno))), expected);
    assert.equal(await listing(dir), []);
    assert.is((await resumeFinish({ workDir, downloadDir: dir }))?.name, 'clip.mp4');
  });
}

test('a download dir that went away is disk_missing', async (ground) => {
  const { dir, workDir } = ground;
  const source = await put(workDir);
  const gone = join(dir, 'not-mounted');
  assert.is(await code(finishFile({ workDir, downloadDir: gone, name: 'a', ...source })), 'disk_missing');
  assert.is(await code(prepareWorkDir(gone, 'aaaaaaaaaaaa')), 'disk_missing');
});

for (const [how, disk, alone] of [
  ['links', realDisk, true],
  ['links, the name taken', realDisk, false],
  ['no links', noLinks, true],
  ['no links, the name taken', noLinks, false],
  ['another file system', otherDevice, true],
  ['another file system, the name taken', otherDevice, false],
] as const) {
  test(`a crash around any call yields exactly one whole file (${how})`, async ({ dir }) => {
    let crashes = 0;
    for (let n = 1, done = false; !done; n++) {
      for (const when of ['before', 'after'] as const) {
        const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
        const workDir = await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa');
        const expected = alone ? ['clip.mp4'] : ['clip (2).mp4', 'clip.mp4'];
        if (!alone) await fs.writeFile(join(downloadDir, 'clip.mp4'), 'older');
        const source = await put(workDir);
        const request = { workDir, downloadDir, name: 'clip.mp4', ...source };
        const crashed = await code(finishFile(request, crashing(disk, n, when)));
        done = crashed === 'nothing thrown';
        if (!done) crashes++;
        // the next start: what the journal knows is finished, else the engine hands the file over again
        let landed = await resumeFinish({ workDir, downloadDir }, disk);
        landed ??= await finishFile(request, disk);
        assert.is(landed.name, expected[0], `crash ${when} call ${n}`);
        assert.equal(await listing(downloadDir), expected, `crash ${when} call ${n}`);
        assert.is(await fs.readFile(join(downloadDir, landed.name), 'utf8'), BODY);
        assert.equal(
          await resumeFinish({ workDir, downloadDir }, disk),
          landed,
          'finishing again changes nothing',
        );
        assert.equal(await listing(downloadDir), expected);
      }
    }
    assert.ok(crashes > 8, `${crashes} crashes`);
  });
}

test('a crash during the resumption itself still yields one file', async ({ dir }) => {
  for (const disk of [realDisk, noLinks, otherDevice]) {
    for (let first = 3; first < 9; first++) {
      for (let second = 1; second < 9; second++) {
        const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
        const workDir = await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa');
        const request = { workDir, downloadDir, name: 'clip.mp4', ...(await put(workDir)) };
        await code(finishFile(request, crashing(disk, first, 'after')));
        await code(resumeFinish({ workDir, downloadDir }, crashing(disk, second, 'after')));
        const landed =
          (await resumeFinish({ workDir, downloadDir }, disk)) ?? (await finishFile(request, disk));
        assert.is(landed.name, 'clip.mp4');
        assert.equal(await listing(downloadDir), ['clip.mp4'], `crashes after ${first} and ${second}`);
        assert.is(await fs.readFile(join(downloadDir, 'clip.mp4'), 'utf8'), BODY);
      }
    }
  }
});

test('a process killed with SIGKILL at any call leaves what the next one finishes once', async ({ dir }) => {
  for (let n = 1; n <= 6; n++) {
    const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
    const workDir = await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa');
    const { path, bytes } = await put(workDir);
    const args = [CRASHER, String(n), workDir, downloadDir, path, String(bytes)];
    const ended = (await promisify(execFile)(process.execPath, args).catch((error: unknown) => error)) as {
      signal?: string;
    };
    if (n <= 5) assert.is(ended.signal, 'SIGKILL', `at call ${n}`);
    const landed =
      (await resumeFinish({ workDir, downloadDir })) ??
      (await finishFile({ workDir, downloadDir, path, bytes, name: 'clip.mp4' }));
    assert.is(landed.name, 'clip.mp4');
    assert.equal(await listing(downloadDir), ['clip.mp4'], `killed at call ${n}`);
  }
});

const sameDevice = async (): Promise<string | null> => {
  const [here, there] = await Promise.all([fs.stat(tmpdir()), fs.stat(OTHER_FILE_SYSTEM).catch(() => null)]);
  return there === null || there.dev === here.dev
    ? `needs a second file system at ${OTHER_FILE_SYSTEM}`
    : null;
};

testUnless(
  plain,
  await sameDevice(),
  'a file crosses file systems by copy, without overwriting',
  async () => {
    const workDir = await fs.mkdtemp(join(OTHER_FILE_SYSTEM, 'sluice-finish-'));
    const downloadDir = await fs.mkdtemp(join(tmpdir(), 'sluice-finish-'));
    try {
      await fs.writeFile(join(downloadDir, 'big.bin'), 'older');
      const body = Buffer.alloc(3_000_001, 'sluice');
      await fs.writeFile(join(workDir, 'data'), body);
      const request = {
        workDir,
        downloadDir,
        path: join(workDir, 'data'),
        bytes: body.length,
        name: 'big.bin',
      };
      assert.is((await finishFile(request)).name, 'big (2).bin');
      assert.ok(body.equals(await fs.readFile(join(downloadDir, 'big (2).bin'))));
      assert.equal(await fs.readdir(workDir), ['finish.json']);
      assert.is((await resumeFinish({ workDir, downloadDir }))?.name, 'big (2).bin');
    } finally {
      await fs.rm(workDir, { recursive: true, force: true });
      await fs.rm(downloadDir, { recursive: true, force: true });
    }
  },
);

test('an empty file of somebody else is not taken for our claim', async ({ dir }) => {
  for (const disk of [realDisk, noLinks]) {
    const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
    const workDir = await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa');
    const request = { workDir, downloadDir, name: 'clip.mp4', ...(await put(workDir)) };
    // killed after the journal, before the name was tried
    await code(finishFile(request, crashing(disk, 3, 'after')));
    await fs.writeFile(join(downloadDir, 'clip.mp4'), '');
    assert.is((await resumeFinish({ workDir, downloadDir }, disk))?.name, 'clip (2).mp4');
    assert.is((await fs.stat(join(downloadDir, 'clip.mp4'))).size, 0);
  }
});

test('a finished file that was taken away is fetched again, not found missing for ever', async (ground) => {
  const { dir, workDir } = ground;
  await finish(ground);
  await fs.rm(join(dir, 'clip.mp4'));
  assert.is(await resumeFinish({ workDir, downloadDir: dir }), null);
  assert.is(await finish(ground), 'clip.mp4');
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
      assert.not.ok(await deleteFinished(dir, name), name);
    }
    assert.ok(await deleteFinished(dir, 'mine'));
    assert.equal(await listing(dir), ['folder', 'link']);
    assert.is(await fs.readFile(join(outside, 'precious'), 'utf8'), 'x');
  } finally {
    await fs.rm(outside, { recursive: true });
  }
});

test('a work dir is private, found again with its bytes, and removed whole', async ({ dir, workDir }) => {
  assert.is((await fs.stat(workDir)).mode & 0o777, 0o700);
  await put(workDir);
  assert.is(await prepareWorkDir(dir, 'aaaaaaaaaaaa'), workDir);
  assert.equal(await fs.readdir(workDir), ['data']);
  await removeWorkDir(dir, 'aaaaaaaaaaaa');
  await removeWorkDir(dir, 'aaaaaaaaaaaa');
  assert.equal(await fs.readdir(join(dir, '.sluice')), []);
});

test('an id that is not one of ours never becomes a path', async ({ dir }) => {
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
plain.run();
