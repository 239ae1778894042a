import { globSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { YtDlpEngine } from '#lib/annie/yt-dlp/engine.ts';
import { installYtDlp } from '#lib/annie/yt-dlp/install.server.ts';
import { locateInstalled, locateYtDlp } from '#lib/annie/yt-dlp/locate.server.ts';
import { requirementsFile } from '#lib/annie/yt-dlp/requirements.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { readers } from '../support/readers.ts';
import { testUnless } from '../support/skip.ts';
import { missing, toolPath } from '../support/tools.ts';
import { settles } from '../support/wait.ts';
import { withDir } from '../process/machine.ts';
import { rejectionOf } from '../annie/yt-dlp/rejection.ts';
import { readyYtDlp } from '../annie/yt-dlp/ready.ts';

// pip is slow on a busy machine.
const deadline = { deadlineMs: 240_000 };
const { dataDir, reason } = await readyYtDlp();

/** A PATH whose `python3` is `script`; the real one is "$PYTHON". */
async function withPython(dir: string, script: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(dir, 'bin');
  await mkdir(bin);
  const real = toolPath('python3') ?? '/usr/bin/python3';
  await writeFile(join(bin, 'python3'), `#!/bin/sh\nPYTHON='${real}'\n${script}\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${bin}:/usr/bin:/bin` };
}

/** Behaves like the real one, but names this script as its executable, so that it is used for everything else too. */
const disguise = `case "$*" in *sys.executable*) echo "$0 3 11"; exit 0 ;; esac`;

testUnless(test, reason, 'without venv the modules are fetched by pip, and run from their folder', () =>
  withDir(async (dir) => {
    const env = await withPython(
      dir,
      `${disguise}\ncase "$*" in *"import venv"*|*"import ensurepip"*) exit 1 ;; esac\nexec "$PYTHON" "$@"`,
    );
    const lines: string[] = [];
    const done = await settles(
      installYtDlp({ dataDir: dir, onLine: (line) => lines.push(line), env }),
      deadline,
    );
    assert.equal([done.version, done.changed], ['2026.10.26', true]);
    const found = locateYtDlp(dir, '/nonexistent');
    assert.is(found?.version, '2026.10.26');
    assert.is(found?.command[1], '-I');
    const modules = await readdir(join(done.path, 'modules'));
    assert.ok(modules.includes('yt_dlp_ejs') && modules.includes('Cryptodome'), modules.join());
    // Only the finished copy is left.
    assert.equal(await readdir(join(dir, 'engines')), ['yt-dlp']);
    const again = await installYtDlp({ dataDir: dir, onLine: () => undefined, env: { PATH: '' } });
    assert.equal(again, { ...done, changed: false });
  }),
);

test('without python3 the error has the line to type, and no files are left', () =>
  withDir(async (dir) => {
    const error = await rejectionOf(
      installYtDlp({ dataDir: dir, onLine: () => undefined, env: { PATH: '/nonexistent' } }),
    );
    assert.is(error.code, 'engine_missing');
    assert.match(error.message, 'apt-get install -y python3 python3-venv');
    assert.equal(await readdir(join(dir, 'engines')), []);
  }));

test('with a python3 that has neither venv nor pip the error has the line to type', () =>
  withDir(async (dir) => {
    const env = await withPython(dir, `${disguise}\nexit 1`);
    const error = await rejectionOf(installYtDlp({ dataDir: dir, onLine: () => undefined, env }));
    assert.is(error.code, 'engine_missing');
    assert.match(error.message, 'apt-get install -y python3-venv');
  }));

test('a python3 that is too old is named in the error', () =>
  withDir(async (dir) => {
    const env = await withPython(dir, `echo "$0 3 8"`);
    assert.match(
      (await rejectionOf(installYtDlp({ dataDir: dir, onLine: () => undefined, env }))).message,
      '3.8',
    );
  }));

testUnless(
  test,
  missing('python3'),
  'a wheel with another hash than pinned is refused, and the old installation stays',
  () =>
    withDir(async (dir) => {
      const old = join(dir, 'engines', 'yt-dlp');
      await mkdir(old, { recursive: true });
      await writeFile(join(old, 'kept'), 'x');
      const wheels = join(dir, 'wheels');
      await mkdir(wheels);
      await writeFile(join(wheels, 'yt_dlp-2026.10.26-py3-none-any.whl'), 'PK not what it says');
      await writeFile(join(wheels, 'yt_dlp_ejs-0.8.0-py3-none-any.whl'), 'PK neither');
      // Settings of pip, as an operator may have them: a folder instead of the index.
      const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_CONFIG_FILE: '/dev/null' };
      const error = await rejectionOf(
        settles(installYtDlp({ dataDir: dir, onLine: () => undefined, env }), deadline),
      );
      assert.is(error.code, 'engine_exit');
      assert.match(error.message, /hash/i);
      assert.equal(await readdir(old), ['kept']);
      assert.equal(await readdir(join(dir, 'engines')), ['yt-dlp']);
    }),
);

test('every requirement is pinned to one version, and to a hash for each of its wheels', () => {
  for (const line of requirementsFile().trim().split('\n')) {
    assert.match(
      line,
      /^[\w-]+==[\d.]+(; platform_machine == "\w+"( or platform_machine == "\w+")*)?( --hash=sha256:[0-9a-f]{64})+$/,
    );
  }
});

testUnless(
  test,
  reason,
  'an installation of an earlier version is used, and the next install completes it',
  () =>
    withDir(async (dir) => {
      const place = join(dir, 'engines', 'yt-dlp');
      await mkdir(join(dir, 'engines'));
      await cp(locateInstalled(dataDir ?? '')?.path ?? '', place, {
        recursive: true,
        verbatimSymlinks: true,
      });
      await writeFile(join(place, 'install.json'), '{"version":"2026.10.26","kind":"venv","python":null}\n');
      await rm(join(place, 'venv/lib'), { recursive: true });
      assert.equal([locateInstalled(dir)?.version, locateInstalled(dir)?.isComplete], ['2026.10.26', false]);
      const wheels = join(dir, 'none');
      const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_CONFIG_FILE: '/dev/null' };
      // It is installed again; here pip finds nothing, and the old one stays.
      const error = await rejectionOf(
        settles(installYtDlp({ dataDir: dir, onLine: () => undefined, env }), deadline),
      );
      assert.is(error.code, 'engine_exit');
      assert.is(locateInstalled(dir)?.version, '2026.10.26');
    }),
);

testUnless(
  test,
  reason,
  'an installation of which a file was changed, added or removed is not run, and the next install replaces it',
  () =>
    withDir(async (dir) => {
      const place = join(dir, 'engines', 'yt-dlp');
      const copied = locateInstalled(dataDir ?? '')?.path ?? '';
      const processes = await createProcessHost({ runDir: join(dir, 'run') });
      try {
        const [downloader = ''] = globSync('venv/lib/python3*/site-packages/yt_dlp/downloader/http.py', {
          cwd: copied,
        });
        assert.ok(downloader);
        for (const change of [
          () => appendFile(join(place, downloader), '\n'),
          () => writeFile(join(place, downloader, '../evil.pth'), 'import os'),
          () => rm(join(place, downloader)),
          () =>
            rm(join(place, 'venv/bin/python')).then(() => symlink('/bin/sh', join(place, 'venv/bin/python'))),
        ]) {
          await rm(place, { recursive: true, force: true });
          await cp(copied, place, { recursive: true, verbatimSymlinks: true });
          const options = { processes, readers, proxy: null, dataDir: dir };
          const programs = { ffmpegPath: null, nodePath: null, path: '' };
          const state = async () => (await new YtDlpEngine({ ...options, ...programs }).status()).state;
          assert.is(await state(), 'ready');
          await change();
          assert.is(await state(), 'unusable');
        }
        const lines: string[] = [];
        const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: dir, PIP_CONFIG_FILE: '/dev/null' };
        await rejectionOf(
          settles(installYtDlp({ dataDir: dir, onLine: (line) => lines.push(line), env }), deadline),
        );
        assert.ok(lines.length > 0 && !lines.some((line) => line.includes('is installed')), lines.join());
      } finally {
        await processes.close();
      }
    }),
);

test('an installation without a valid record is not used', () =>
  withDir(async (dir) => {
    const place = join(dir, 'engines', 'yt-dlp');
    await mkdir(place, { recursive: true });
    for (const record of [
      '',
      '{',
      '[]',
      '{"version":1}',
      '{"version":"2026.10.26","kind":"venv","python":null}',
    ]) {
      await writeFile(join(place, 'install.json'), record);
      assert.is(locateInstalled(dir), null, record);
    }
    await rm(join(place, 'install.json'));
    assert.is(locateInstalled(dir), null);
  }));

test.run();
