/** What a run has left in its folder must not lead the server out of it. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeScratch, openRunFolder } from '#lib/process/run-folder.server.ts';
import type { Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { pythonMissing } from '../sandbox/hostile-engine.ts';
import { testUnless } from '../support/skip.ts';
import { withDir } from './machine.ts';

const sandbox: Sandbox = { level: 'limits', reason: '', remedy: '' };

const NAME = 'x'.repeat(200);

/** Folders in each other, whose path is longer than the system takes (PATH_MAX, 4,096). */
function nest(dir: string): void {
  const makeAll = `import os, sys; os.chdir(sys.argv[1])\nfor _ in range(30): os.mkdir('${NAME}'); os.chdir('${NAME}')`;
  execFileSync('python3', ['-c', makeAll, dir]);
}

testUnless(
  test,
  pythonMissing,
  'links and pipes go, files stay, also beside a folder that is locked or nested too deep',
  () =>
    withDir(async (dir) => {
      const cwd = join(dir, 'job');
      await mkdir(join(cwd, 'sub'), { recursive: true });
      await mkdir(join(cwd, 'a-locked'), { mode: 0 });
      await mkdir(join(cwd, 'deep'));
      nest(join(cwd, 'deep'));
      await writeFile(join(cwd, 'sub/media.mp4'), 'bytes');
      for (const path of ['link', 'sub/link']) await symlink(dir, join(cwd, path));
      execFileSync('mkfifo', [join(cwd, 'pipe')]);
      const folder = await openRunFolder({ cwd }, { scratchDir: dir, sandbox, notes: [] });
      await folder.close();
      for (const path of ['link', 'sub/link', 'pipe'])
        assert.is(lstatSync(join(cwd, path), { throwIfNoEntry: false }), undefined, path);
      assert.ok(existsSync(join(cwd, 'sub/media.mp4')));
    }),
);

testUnless(
  test,
  pythonMissing,
  'a folder of a run of its own goes whole, and so does what an earlier process left, however deep',
  () =>
    withDir(async (dir) => {
      const scratchDir = join(dir, 'scratch');
      await makeScratch(scratchDir);
      const folder = await openRunFolder({ cwd: null }, { scratchDir, sandbox, notes: [] });
      nest(folder.cwd);
      await folder.close();
      assert.not.ok(existsSync(folder.cwd));
      nest(scratchDir);
      await makeScratch(scratchDir);
      assert.not.ok(existsSync(join(scratchDir, NAME)));
    }),
);

test.run();
