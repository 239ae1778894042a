import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refusal } from '../../scripts/tools/test-files.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { read, ROOT, sources } from './source-tree.ts';

const MAX_LINES = 300;
const programs = [
  ...sources('{src,tests,scripts,bench,bin}/**/*.{sh,py}'),
  // In sh, without an extension.
  ...sources('src/lib/annie/ffmpeg/bin/*'),
];
const code = [
  ...sources('{src,tests,scripts,bench,sim}/**/*.{ts,js,svelte}'),
  ...sources('bin/**/*.{ts,js,sh}'),
  ...programs,
  ...sources('*.{ts,js}'),
];
const prose = [...sources('*.md'), ...sources('docs/**/*.md')];

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = code.map((path) => `${path}: ${read(path).split('\n').length - 1}`);
  assert.equal(
    long.filter((line) => Number(line.split(': ')[1]) > MAX_LINES),
    [],
  );
});

const syntaxErrors = (command: string, args: string[], paths: string[], env = process.env): string[] =>
  paths.flatMap((path) => {
    const { status, stderr } = spawnSync(command, [...args, path], { cwd: ROOT, encoding: 'utf8', env });
    return status === 0 ? [] : [`${path}: ${stderr}`];
  });

test('every program in sh is valid', () => {
  const inSh = programs.filter((path) => !path.endsWith('.py'));
  assert.ok(inSh.includes('src/lib/process/watcher.sh'));
  assert.equal(syntaxErrors('sh', ['-n'], inSh), []);
});

testUnless(test, missing('python3'), 'every program in Python is valid', () => {
  const inPython = programs.filter((path) => path.endsWith('.py'));
  assert.ok(inPython.includes('src/lib/annie/yt-dlp/entry.py'));
  // Compiled files go there, not beside the sources.
  const cache = mkdtempSync(join(tmpdir(), 'sluice-pycache-'));
  const env = { ...process.env, PYTHONPYCACHEPREFIX: cache };
  assert.equal(syntaxErrors('python3', ['-m', 'py_compile'], inPython, env), []);
  rmSync(cache, { recursive: true });
});

test('no two programs have the same name in the build', () => {
  const names = sources('src/lib/**/*.{sh,py}').map((path) => path.split('/').at(-1));
  assert.is(new Set(names).size, names.length);
});

test('nothing is put off to a comment', () => {
  // Written in two halves, so that this file may be checked too.
  const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
  assert.equal(
    [...code, ...prose].filter((path) => marks.test(read(path))),
    [],
  );
});

test('every test file runs its tests and leaves none out', () => {
  const refused = sources('tests/**/*.test.ts').map((path) => [path, refusal(read(path))]);
  assert.equal(
    refused.filter(([, reason]) => reason !== null),
    [],
  );
});

test('every dependency is pinned to one exact version', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const versions = { ...manifest['dependencies'], ...manifest['devDependencies'] };
  const loose = Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
  assert.equal(loose, []);
});

test('the lock file holds the versions that package.json asks for', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version?: string }> };
  const versions = { ...manifest['dependencies'], ...manifest['devDependencies'] };
  const off = Object.entries(versions).filter(
    ([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version,
  );
  assert.equal(off, []);
});

test('the texts have the same keys and placeholders in every language', () => {
  const settings = JSON.parse(read('project.inlang/settings.json')) as {
    baseLocale: string;
    locales: string[];
  };
  assert.ok(settings.locales.includes('en') && settings.locales.includes('zh'));
  const shapes = settings.locales.map((locale) => {
    const catalogue = JSON.parse(read(`messages/${locale}.json`)) as Record<string, unknown>;
    const keys = Object.keys(catalogue).filter((key) => key !== '$schema');
    return keys.sort().map((key) => {
      const holes = JSON.stringify(catalogue[key]).match(/\{\w+\}/g) ?? [];
      return `${key} ${[...new Set(holes)].sort().join(' ')}`;
    });
  });
  for (const shape of shapes) assert.equal(shape, shapes[0]);
});

test.run();
