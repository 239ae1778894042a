/** The mutation run, on a project of a few lines: what it finds, and that it touches nothing. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import ts from 'typescript';
import { findMutants, sampleOf } from '../../scripts/mutate/mutants.ts';
import { readOptions } from '../../scripts/mutate/options.ts';
import { type TestKind, testsThatReach } from '../../scripts/mutate/reach.ts';
import { type Judged, scoreOf } from '../../scripts/mutate/report.ts';
import { mutate } from '../../scripts/mutate/run.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { ROOT } from './source-tree.ts';

const RUN = `\ntest` + `.run();\n`;
const HEAD = `import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
/** In two halves: this file itself needs no build. */
const LAUNCHER = 'bin/' + 'sluice.js';
const FILES: Record<string, string> = {
  'package.json': '{"type":"module","imports":{"#lib/*":"./src/lib/*"}}',
  'src/lib/clamp.ts': `export function clamp(value: number, most: number): number {
  return value > most ? most : value;
}
`,
  'src/lib/count.ts': `export function count(n: number): number {
  let i = 0;
  while (i < n) i++;
  return i;
}
`,
  'src/lib/child.ts': `import { clamp } from '#lib/clamp.ts';\nconsole.log(clamp(2, 1) - 3);\n`,
  'src/lib/top.ts': `import { clamp } from '#lib/clamp.ts';
export function top(n: number): number {
  const best = clamp(n, 5);
  return best > 5 ? 5 : best;
}
`,
  'src/lib/lonely.ts': `export const lonely = (): string => 'nobody calls me';\n`,
  'src/lib/served.ts': `export const served = (): string => 'only the command says so';\n`,
  'src/cli.ts': `import { served } from '#lib/served.ts';\nconsole.log(served());\n`,
  [LAUNCHER]: `console.log('the build of the tree, which holds no mutant');\n`,
  'scripts/build.ts': '',
  'tests/clamp.test.ts': `${HEAD}import { clamp } from '#lib/clamp.ts';
test('clamps', () => assert.equal([clamp(1, 2), clamp(3, 2)], [1, 2]));${RUN}`,
  'tests/count.test.ts': `${HEAD}import { count } from '../src/lib/count.ts';
test('counts', () => assert.is(count(3), 3));${RUN}`,
  'tests/top.test.ts': `${HEAD}import { top } from '#lib/top.ts';
test('tops', () => assert.equal([top(3), top(7)], [3, 5]));${RUN}`,
  'tests/command.test.ts': `${HEAD}import { spawnSync } from 'node:child_process';
test('says', () => {
  const { stdout } = spawnSync(process.execPath, ['${LAUNCHER}'], { env: {}, encoding: 'utf8' });
  assert.is(stdout, 'only the command says so\\n');
});${RUN}`,
  // A program with an environment of its own: the change has to be in its source.
  'tests/child.test.ts': `${HEAD}import { spawnSync } from 'node:child_process';
test('says', () => {
  const { stdout } = spawnSync(process.execPath, ['src/lib/child.ts'], { env: {}, encoding: 'utf8' });
  assert.is(stdout, '-2\\n');
});${RUN}`,
};

let temp = '';
let root = '';

test.before.each(() => {
  temp = mkdtempSync(join(tmpdir(), 'mutate-test-'));
  root = join(temp, 'project');
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
});
test.after.each(() => {
  rmSync(temp, { recursive: true, force: true });
});

const files = Object.keys(FILES).filter((path) => path.startsWith('src/lib/'));
const patience = { first: { factor: 3, baseMs: 1_500 }, alone: { factor: 3, baseMs: 4_000 } };
const silent = { log: () => undefined, sample: null, seed: 1, tests: [], lanes: 1 };

function say(judged: Judged[], verdict: string): string[] {
  return judged
    .filter((each) => each.verdict === verdict)
    .map(({ mutant: { file, line, column, replacement } }) => `${file}:${line}:${column} ${replacement}`);
}

test('says of each mutant whether a test notices it, a hang included, and leaves the project alone', async () => {
  const before = files.map((file) => statSync(join(root, file)).mtimeMs);
  const scratch = join(temp, 'scratch');
  mkdirSync(scratch);
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  const judged = await mutate({ ...silent, ...patience, root, files, log, temp: scratch });
  assert.equal(say(judged, 'survived'), [
    'src/lib/clamp.ts:2:10 value >= most',
    'src/lib/top.ts:4:10 false',
    'src/lib/top.ts:4:10 best >= 5',
  ]);
  assert.equal(say(judged, 'timeout'), ['src/lib/count.ts:3:17 i--']);
  assert.equal(say(judged, 'no coverage'), [
    'src/lib/lonely.ts:1:23 () => undefined',
    'src/lib/lonely.ts:1:37 ""',
  ]);
  assert.equal(say(judged, 'killed'), [
    'src/lib/child.ts:2:13 clamp(2, 1) + 3',
    'src/lib/clamp.ts:1:60 {}',
    'src/lib/clamp.ts:2:10 true',
    'src/lib/clamp.ts:2:10 false',
    'src/lib/clamp.ts:2:10 value <= most',
    'src/lib/count.ts:1:42 {}',
    'src/lib/count.ts:3:10 false',
    'src/lib/count.ts:3:10 i <= n',
    'src/lib/count.ts:3:10 i >= n',
    'src/lib/served.ts:1:23 () => undefined',
    'src/lib/served.ts:1:37 ""',
    'src/lib/top.ts:2:40 {}',
    'src/lib/top.ts:4:10 true',
    'src/lib/top.ts:4:10 best <= 5',
  ]);
  assert.is(scoreOf(judged).toFixed(1), ((100 * 15) / 20).toFixed(1));
  assert.ok(
    logged.some((line) => /^ *20\/20 /.test(line)),
    logged.join('\n'),
  );
  for (const [index, file] of files.entries()) {
    assert.is(readFileSync(join(root, file), 'utf8'), FILES[file]);
    assert.is(statSync(join(root, file)).mtimeMs, before[index]);
  }
  assert.equal(readdirSync(root).sort(), ['bin', 'node_modules', 'package.json', 'scripts', 'src', 'tests']);
  assert.equal(readdirSync(scratch), [], 'the copies are gone');
});

test('what did not end in time is judged again, alone and with patience', async () => {
  const first = { factor: 0, baseMs: 1 };
  const { alone } = patience;
  const files = ['src/lib/clamp.ts'];
  const judged = await mutate({ ...silent, lanes: 2, first, alone, root, files, tests: ['clamp'] });
  assert.equal(
    ['killed', 'timeout', 'survived'].map((verdict) => say(judged, verdict).length),
    [4, 0, 1],
  );
});

test('a test that fails as it is judges nothing', async () => {
  writeFileSync(join(root, 'tests/clamp.test.ts'), FILES['tests/clamp.test.ts']!.replace('[1, 2]', '[1, 1]'));
  const judged = await mutate({
    ...silent,
    ...patience,
    root,
    files: ['src/lib/clamp.ts'],
    tests: ['clamp'],
  });
  assert.is(say(judged, 'no coverage').length, judged.length);
});

const noProc = existsSync('/proc/self/cwd') ? null : '/proc is only on Linux';
testUnless(test, noProc, 'what a test left running in a group of its own is ended', async () => {
  const pidFile = join(temp, 'pid');
  writeFileSync(
    join(root, 'tests/stray.test.ts'),
    `${HEAD}import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { clamp } from '#lib/clamp.ts';
test('leaves a process behind', () => {
  const stray = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', cwd: '/' });
  stray.unref();
  writeFileSync(${JSON.stringify(pidFile)}, String(stray.pid));
  assert.is(clamp(1, 2), 1);
});${RUN}`,
  );
  const judged = await mutate({
    ...silent,
    ...patience,
    root,
    files: ['src/lib/clamp.ts'],
    tests: ['stray'],
  });
  assert.ok(say(judged, 'killed').length > 0);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await waitFor(() => !isRunning(pid), { what: 'the stray to be gone' });
});

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

test('below --min it exits with 1 and names what survived, and with 2 when it is asked for nothing', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'scripts/mutate.ts'), ...args], {
      env: { ...process.env, SLUICE_TEST_ROOT: root },
      encoding: 'utf8',
    });
  const { status, stdout } = run('src/lib/clamp.ts', '--min', '100', '--tests', 'clamp');
  assert.is(status, 1);
  assert.match(stdout, 'src/lib/clamp.ts:2:10  value > most → value >= most');
  assert.match(stdout, 'score 80.0 %');
  const usage = run();
  assert.is(usage.status, 2);
  assert.match(usage.stderr, '--sample N');
  for (const args of [['src/none'], ['src/lib', '--sample', 'x'], ['src/lib', '--odd']]) {
    assert.throws(() => readOptions(root, args), undefined, args.join(' '));
  }
});

test('takes what this branch changed, committed or not', () => {
  const git = (...args: string[]) =>
    spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: root });
  git('init', '-q', '-b', 'main');
  git('add', 'src', 'tests');
  git('commit', '-q', '-m', 'one');
  git('checkout', '-q', '-b', 'two');
  writeFileSync(join(root, 'src/lib/clamp.ts'), `${FILES['src/lib/clamp.ts']!}\n`);
  git('commit', '-q', '-a', '-m', 'two');
  writeFileSync(join(root, 'src/lib/count.ts'), `${FILES['src/lib/count.ts']!}\n`);
  writeFileSync(join(root, 'src/lib/new.ts'), 'export const one = 1;\n');
  rmSync(join(root, 'src/lib/lonely.ts'));
  assert.ok(existsSync(join(root, '.git')));
  const changed = ['src/lib/clamp.ts', 'src/lib/count.ts', 'src/lib/new.ts'];
  assert.equal(readOptions(root, ['--changed']).files, changed);
  assert.equal(readOptions(root, ['--changed', 'two']).files, changed.slice(1));
  assert.equal(readOptions(root, ['src/lib/']).files, [
    'src/lib/child.ts',
    ...changed,
    'src/lib/served.ts',
    'src/lib/top.ts',
  ]);
});

test('a seed takes the same sample again, and another seed another', () => {
  const all = Array.from({ length: 1000 }, (_, n) => n);
  const one = sampleOf(all, 40, 7);
  assert.equal(sampleOf(all, 40, 7), one);
  assert.is.not(String(sampleOf(all, 40, 8)), String(one));
  assert.equal([one.length, new Set(one).size], [40, 40]);
  assert.equal(
    [...one].sort((a, b) => a - b),
    one,
  );
  assert.equal(sampleOf(all, 2000, 7), all);
});

test('a replacement keeps to its place whatever stands around it, and every mutant can be loaded', async () => {
  const source = `export function all(a: boolean, b: boolean, c: number): string {
  switch (c) {
    case 1:
      return 'one';
  }
  for (;;) if (a && b && c > 2) return b ? \`\${c}\` : ''; // a comment
  throw new Error('never');
}
`;
  writeFileSync(join(root, 'src/lib/all.ts'), source);
  const { all } = await findMutants(root, ['src/lib/all.ts']);
  const [or] = all.filter(({ original, replacement }) => original === 'a && b' && replacement.includes('||'));
  assert.match(or!.text.replace(/\s+/g, ' '), 'if ((a || b ) && c > 2)');
  assert.ok(all.length > 10);
  for (const { text, replacement } of all) {
    const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true });
    assert.is(diagnostics?.length, 0, replacement);
  }
});

test('a test file reaches what it imports by any detour, and what it names as a program', () => {
  const reach = (source: string, kind: TestKind = 'unit') => testsThatReach(root, [source], [], kind);
  assert.equal(reach('src/lib/clamp.ts'), [
    'tests/child.test.ts',
    'tests/clamp.test.ts',
    'tests/top.test.ts',
  ]);
  assert.equal(reach('src/lib/child.ts'), ['tests/child.test.ts']);
  assert.equal(reach('src/lib/lonely.ts'), []);
  assert.equal(
    [reach('src/lib/served.ts'), reach('src/lib/served.ts', 'command')],
    [[], ['tests/command.test.ts']],
  );
  assert.equal(testsThatReach(root, files, ['count'], 'unit'), ['tests/count.test.ts']);
});

test.run();
