/** The options of `npm run mutate`. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const USAGE = `npm run mutate -- PATH… | --changed [REV]
  PATH          a file or folder below src/lib
  --changed     the files that differ from where this branch left REV (main)
  --sample N    N of their mutants instead of all
  --seed S      which N: the same seed takes the same ones (1)
  --tests PART  only test files whose path holds PART; may be given again
  --lanes N     test files at a time (2)
  --min P       exit with 1 when fewer than P % are killed`;

export interface MutateOptions {
  /** Relative to the root, sorted. */
  files: string[];
  /** null = all mutants. */
  sample: number | null;
  seed: number;
  /** Parts of paths of test files; empty = all. */
  tests: string[];
  lanes: number;
  /** Percent. */
  min: number | null;
}

/** @throws Error with a sentence about the arguments */
export function readOptions(root: string, args: string[]): MutateOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      changed: { type: 'boolean', default: false },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      tests: { type: 'string', multiple: true, default: [] },
      lanes: { type: 'string', default: '2' },
      min: { type: 'string' },
    },
  });
  const { changed, tests } = values;
  if (changed ? positionals.length > 1 : positionals.length === 0) throw new Error(USAGE);
  const below = changed ? changedSince(root, positionals[0] ?? 'main') : positionals.map(plainPath);
  const files = mutableFiles(root).filter((file) => below.some((path) => isBelow(file, path)));
  const missing = changed ? [] : below.filter((path) => !files.some((file) => isBelow(file, path)));
  if (missing.length > 0) throw new Error(`No TypeScript below src/lib is called ${missing.join(', ')}.`);
  return {
    files,
    tests,
    sample: values.sample === undefined ? null : wholeNumber('sample', values.sample, 1),
    seed: wholeNumber('seed', values.seed, 0),
    lanes: wholeNumber('lanes', values.lanes, 1),
    min: values.min === undefined ? null : wholeNumber('min', values.min, 0),
  };
}

/** Without modules that use runes, which Node cannot load uncompiled. */
function mutableFiles(root: string): string[] {
  return globSync('src/lib/**/*.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/\.(d|svelte)\.ts$/.test(file) && !file.startsWith('src/lib/paraglide/'))
    .sort();
}

/** Files changed by commits or in the work tree, and untracked files. */
function changedSince(root: string, rev: string): string[] {
  const base = git(root, 'merge-base', rev, 'HEAD').trim();
  const changed = git(root, 'diff', '--name-only', '--diff-filter=d', '--relative', base, '--', 'src/lib');
  return `${changed}\n${git(root, 'ls-files', '--others', '--exclude-standard', 'src/lib')}`.split('\n');
}

function git(root: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function plainPath(path: string): string {
  return path.replaceAll('\\', '/').replace(/^\.\/|\/$/g, '');
}

function isBelow(file: string, path: string): boolean {
  return file === path || file.startsWith(`${path}/`);
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name}: a whole number from ${least}, not ${text}.`);
  return value;
}
