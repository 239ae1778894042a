import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test as plain, suite } from 'uvu';
import * as assert from 'uvu/assert';
import { realDisk, type Disk } from '#lib/files/finish/disk.server.ts';
import { finishFile, resumeFinish, undoFinish } from '#lib/files/finish/finish.server.ts';
import { prepareWorkDir } from '#lib/files/work-dir.server.ts';
import { testUnless } from '../../support/skip.ts';
import { BODY, code, listing, put } from './helpers.ts';

interface Folders {
  dir: string;
}

const test = suite<Folders>('finish-crash');
const CRASHER = fileURLToPath(new URL('./crasher.ts', import.meta.url));
/** Another file system than the temp dir's, for real EXDEV errors. */
const OTHER_FILE_SYSTEM = '/dev/shm';

test.before.each(async (folders) => {
  folders.dir = await fs.mkdtemp(join(tmpdir(), 'sluice-finish-'));
});
test.after.each(async ({ dir }) => {
  await fs.rm(dir, { recursive: true, force: true });
});

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
    // As the kernel does: the name is checked before the file system's support for links.
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
        const workDir = (await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa')).path;
        const expected = alone ? ['clip.mp4'] : ['clip (2).mp4', 'clip.mp4'];
        if (!alone) await fs.writeFile(join(downloadDir, 'clip.mp4'), 'older');
        const source = await put(workDir);
        const request = { workDir, downloadDir, name: 'clip.mp4', ...source };
        const crashed = await code(finishFile(request, crashing(disk, n, when)));
        done = crashed === 'nothing thrown';
        if (!done) crashes++;
        // The next start: the journal's move is completed, else the engine returns the file again.
        let finished = await resumeFinish({ workDir, downloadDir }, disk);
        finished ??= await finishFile(request, disk);
        assert.is(finished.name, expected[0], `crash ${when} call ${n}`);
        assert.equal(await listing(downloadDir), expected, `crash ${when} call ${n}`);
        assert.is(await fs.readFile(join(downloadDir, finished.name), 'utf8'), BODY);
        assert.equal(
          await resumeFinish({ workDir, downloadDir }, disk),
          finished,
          'finishing again changes nothing',
        );
        assert.equal(await listing(downloadDir), expected);
      }
    }
    assert.ok(crashes > 8, `${crashes} crashes`);
  });
}

for (const [how, disk] of [
  ['links', realDisk],
  ['no links', noLinks],
  ['another file system', otherDevice],
] as const) {
  test(`a download that is removed after a crash around any call leaves no file (${how})`, async ({
    dir,
  }) => {
    for (let n = 1, done = false; !done; n++) {
      for (const when of ['before', 'after'] as const) {
        const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
        const workDir = (await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa')).path;
        await fs.writeFile(join(downloadDir, 'clip.mp4'), 'older');
        const request = { workDir, downloadDir, name: 'clip.mp4', ...(await put(workDir)) };
        done = (await code(finishFile(request, crashing(disk, n, when)))) === 'nothing thrown';
        await undoFinish({ workDir, downloadDir }, disk);
        assert.equal(await listing(downloadDir), ['clip.mp4'], `crash ${when} call ${n}`);
        assert.is(await fs.readFile(join(downloadDir, 'clip.mp4'), 'utf8'), 'older');
        await undoFinish({ workDir, downloadDir }, disk);
        assert.equal(await listing(downloadDir), ['clip.mp4'], 'again, after another crash');
      }
    }
  });
}

test('a crash during the resumption itself still yields one file', async ({ dir }) => {
  for (const disk of [realDisk, noLinks, otherDevice]) {
    for (let first = 3; first < 9; first++) {
      for (let second = 1; second < 9; second++) {
        const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
        const workDir = (await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa')).path;
        const request = { workDir, downloadDir, name: 'clip.mp4', ...(await put(workDir)) };
        await code(finishFile(request, crashing(disk, first, 'after')));
        await code(resumeFinish({ workDir, downloadDir }, crashing(disk, second, 'after')));
        const finished =
          (await resumeFinish({ workDir, downloadDir }, disk)) ?? (await finishFile(request, disk));
        assert.is(finished.name, 'clip.mp4');
        assert.equal(await listing(downloadDir), ['clip.mp4'], `crashes after ${first} and ${second}`);
        assert.is(await fs.readFile(join(downloadDir, 'clip.mp4'), 'utf8'), BODY);
      }
    }
  }
});

test('the move of a process killed with SIGKILL at any call is completed once by the next', async ({
  dir,
}) => {
  for (let n = 1; n <= 6; n++) {
    const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
    const workDir = (await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa')).path;
    const { path, bytes } = await put(workDir);
    const args = [CRASHER, String(n), workDir, downloadDir, path, String(bytes)];
    const ended = (await promisify(execFile)(process.execPath, args).catch((error: unknown) => error)) as {
      signal?: string;
    };
    if (n <= 5) assert.is(ended.signal, 'SIGKILL', `at call ${n}`);
    const finished =
      (await resumeFinish({ workDir, downloadDir })) ??
      (await finishFile({ workDir, downloadDir, path, bytes, name: 'clip.mp4' }));
    assert.is(finished.name, 'clip.mp4');
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

test("another program's empty file is not taken for our claim", async ({ dir }) => {
  for (const disk of [realDisk, noLinks]) {
    const downloadDir = await fs.mkdtemp(join(dir, 'round-'));
    const workDir = (await prepareWorkDir(downloadDir, 'aaaaaaaaaaaa')).path;
    const request = { workDir, downloadDir, name: 'clip.mp4', ...(await put(workDir)) };
    // Killed after the journal was written, before the name was tried.
    await code(finishFile(request, crashing(disk, 3, 'after')));
    await fs.writeFile(join(downloadDir, 'clip.mp4'), '');
    assert.is((await resumeFinish({ workDir, downloadDir }, disk))?.name, 'clip (2).mp4');
    assert.is((await fs.stat(join(downloadDir, 'clip.mp4'))).size, 0);
  }
});

test.run();
plain.run();
