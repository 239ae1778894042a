import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { coreTimes, idleShare } from '../../scripts/tools/idle-cores.ts';
import { runTestFile, type TestOutcome } from '../../scripts/tools/test-child.ts';
import { findTestFiles, refusal } from '../../scripts/tools/test-files.ts';
import { parseUvuSummary } from '../../scripts/tools/uvu-summary.ts';
import { waitFor } from '../support/wait.ts';
import { ROOT } from './source-tree.ts';

const HEAD = `import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
const RUN = `\ntest` + `.run();\n`;
let root = '';

test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'runner-'));
  mkdirSync(join(root, 'tests/unit'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
});
test.after.each(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(name: string, source: string): string {
  const path = `tests/unit/${name}.test.ts`;
  writeFileSync(join(root, path), source);
  return path;
}

function run(source: string, deadlineMs = 60_000): Promise<TestOutcome> {
  const path = write('one', source);
  return runTestFile({ path, deadlineMs }, { cwd: root, env: { ...process.env, NO_COLOR: '1' } });
}

function npmTest(...patterns: string[]): { status: number | null; lines: string[] } {
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/test.ts'), ...patterns], {
    env: { ...process.env, SLUICE_TEST_ROOT: root },
    encoding: 'utf8',
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('counts what passed, failed and was skipped', async () => {
  const outcome = await run(
    `${HEAD}test('a', () => {}); test('b', () => assert.is(1, 2)); test.skip('c', () => {});${RUN}`,
  );
  assert.is(outcome.passed, 1);
  assert.is(outcome.failed, 1);
  assert.is(outcome.skipped, 1);
  assert.is(outcome.trouble, null);
});

test('a file that exits 0 without a summary has failed', async () => {
  const outcome = await run(`${HEAD}test('a', () => process.exit(0));`);
  assert.is(outcome.failed, 1);
  assert.match(outcome.trouble ?? '', 'without a summary');
});

test('a file that throws before its tests has failed', async () => {
  const outcome = await run(`throw new Error('no luck');`);
  assert.is(outcome.failed, 1);
  assert.match(outcome.output, 'no luck');
});

test('a file that holds no test has failed', async () => {
  assert.match((await run(HEAD + RUN)).trouble ?? '', 'no test');
});

test('a rejection after the summary fails the file', async () => {
  const outcome = await run(
    `${HEAD}test('a', () => { setTimeout(() => Promise.reject(new Error('late')), 200); });${RUN}`,
  );
  assert.is(outcome.passed, 1);
  assert.is(outcome.failed, 1);
});

test('a hung file is killed together with what it started', async () => {
  const pidFile = join(root, 'pid');
  const outcome = await run(
    `${HEAD}import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
test('hangs', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'inherit' });
  writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
  await new Promise(() => {});
});${RUN}`,
    5_000,
  );
  assert.match(outcome.trouble ?? '', 'hung');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await waitFor(
    () => !existsSync(`/proc/${pid}/cmdline`) || readFileSync(`/proc/${pid}/cmdline`).length === 0,
    {
      what: 'the grandchild to be gone',
    },
  );
});

test('npm test refuses a file that never runs its tests, and ends with the totals alone', () => {
  write('good', `${HEAD}test('a', () => {});${RUN}`);
  write('silent', `${HEAD}test('a', () => {});\n`);
  const { status, lines } = npmTest();
  assert.is(status, 1);
  assert.is(lines.at(-1), '1 passed, 1 failed, 0 skipped');
  assert.ok(lines.some((line) => line.includes('silent.test.ts: refused')));
});

test('npm test repeats each skip with its reason', () => {
  write('skips', `${HEAD}console.log('SKIP needs a moon: none in sight'); test.skip('x', () => {});${RUN}`);
  const { status, lines } = npmTest('skips');
  assert.is(status, 0);
  assert.ok(lines.includes('  tests/unit/skips.test.ts: needs a moon: none in sight'));
  assert.is(lines.at(-1), '0 passed, 0 failed, 1 skipped');
});

test('npm test with a pattern that matches nothing fails', () => {
  write('good', `${HEAD}test('a', () => {});${RUN}`);
  const { status, lines } = npmTest('no-such-file');
  assert.is(status, 1);
  assert.is(lines.at(-1), '0 passed, 0 failed, 0 skipped');
});

test('what takes long is run where its folder is named, and nowhere else', () => {
  write('good', '');
  mkdirSync(join(root, 'tests/long'));
  writeFileSync(join(root, 'tests/long/slow.test.ts'), '');
  const found = (...patterns: string[]): string[] => findTestFiles(root, patterns).map(({ path }) => path);
  assert.equal(found(), ['tests/unit/good.test.ts']);
  assert.equal(found('slow'), []);
  assert.equal(found('tests/long/'), ['tests/long/slow.test.ts']);
});

test('a file that leaves out tests with .only is refused', () => {
  assert.ok(refusal(`test` + `.only('a', () => {});${RUN}`));
  assert.is(refusal(`test('a', () => {});${RUN}`), null);
});

test('idle is what the cores did not work', () => {
  const before = { idleMs: 100, allMs: 1000 };
  assert.is(idleShare(before, { idleMs: 150, allMs: 1200 }), 0.25);
  assert.is(idleShare(before, before), 0);
  const { idleMs, allMs } = coreTimes();
  assert.ok(idleMs > 0 && idleMs < allMs);
});

test('output that looks like a summary does not hide the real one', () => {
  const block = (passed: number): string =>
    `\n  Total:     2\n  Passed:    ${passed}\n  Skipped:   0\n  Duration:  1ms\n`;
  assert.equal(parseUvuSummary(block(2) + block(1)), { total: 2, passed: 1, skipped: 0 });
});

test.run();
