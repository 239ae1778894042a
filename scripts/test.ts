/**
 * `npm test [PART-OF-PATH…]`: every tests/**\/*.test.ts in a process of its own. The last line is
 * `N passed, N failed, N skipped`; the exit code is 1 when anything failed, or nothing ran.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareBuild } from './tools/test-build.ts';
import { whileIdle } from './tools/idle-cores.ts';
import { killAllGroups, runTestFile, type TestOutcome } from './tools/test-child.ts';
import { findTestFiles, needsBuild, refusal, type TestFile } from './tools/test-files.ts';
import { longestFirst } from './tools/test-order.ts';
import { finalReport, progressLine } from './tools/test-report.ts';
import { prepareTools, toolsOf } from './tools/test-tools.ts';
import { prepareWorkerd } from './tools/test-workerd.ts';
import { prepareYtDlp } from './tools/test-yt-dlp.ts';

const root = process.env['SLUICE_TEST_ROOT'] ?? join(import.meta.dirname, '..');
/** Most files wait more than they compute: with three at a time, a third of two cores was idle. */
const CONCURRENT_FILES = Math.min(5, availableParallelism() + 2);
/** Beside them, one more for each second in which so much of the cores was idle: some wait for half a minute. */
const IDLE_SHARE = 0.35;
const MORE_FILES = 3;
/** A browser and its server together keep about one core busy. */
const CONCURRENT_END_TO_END = Math.min(2, availableParallelism());

const files = findTestFiles(root, process.argv.slice(2));
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file.path), 'utf8')]));
const refused: { path: string; reason: string }[] = [];
for (const [{ path }, source] of sources) {
  const reason = refusal(source);
  if (reason !== null) refused.push({ path, reason });
}
const runnable = [...sources].filter(([, source]) => refusal(source) === null);

const temp = mkdtempSync(join(tmpdir(), 'sluice-test-'));
// Some tests start servers as an ordinary user: they have to get through, but need not look around.
chmodSync(temp, 0o711);
process.on('exit', () => {
  killAllGroups();
  rmSync(temp, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}

const tools = toolsOf(runnable);
prepareTools(tools);
if (tools.includes('python3')) await prepareYtDlp();
if (runnable.some(([, source]) => source.includes('support/workerd.ts'))) prepareWorkerd(root);
if (runnable.some(([file, source]) => needsBuild(file, source))) prepareBuild(root);
const env: NodeJS.ProcessEnv = {
  ...process.env,
  TMPDIR: temp,
  // Colours would be in the middle of the summary that we read.
  NO_COLOR: '1',
  // Halves the start of a process: 0.2 s of CPU for each file, and for each child that runs the sources.
  NODE_COMPILE_CACHE: join(temp, 'compile-cache'),
};
delete env['FORCE_COLOR'];

const outcomes: TestOutcome[] = [];
const run = async (file: TestFile): Promise<void> => {
  const outcome = await runTestFile(file, { cwd: root, env });
  outcomes.push(outcome);
  console.log(progressLine(outcome));
};

const chosen = longestFirst(runnable.map(([file]) => file));
const queueOf = (kind: TestFile['kind']): TestFile[] => chosen.filter((file) => file.kind === kind);
const runQueue = async (queue: TestFile[]): Promise<void> => {
  for (let file = queue.shift(); file; file = queue.shift()) await run(file);
};
const units = queueOf('unit');
const endToEnd = queueOf('end-to-end');
/** Both kinds from the start: one waits while the other computes. */
const lane = async (_: unknown, index: number): Promise<void> => {
  if (index < CONCURRENT_END_TO_END) await runQueue(endToEnd);
  await runQueue(units);
};
const more = new Set<Promise<void>>();
const stop = whileIdle(IDLE_SHARE, 1000, () => {
  const file = more.size < MORE_FILES ? units.shift() : undefined;
  if (!file) return;
  const running: Promise<void> = run(file).finally(() => more.delete(running));
  more.add(running);
});
await Promise.all(Array.from({ length: CONCURRENT_FILES }, lane));
stop();
await Promise.all(more);
await runQueue(queueOf('long'));

if (files.length === 0) console.log('No test file matches.');
console.log(finalReport(outcomes, refused));
const failed = refused.length > 0 || outcomes.length === 0 || outcomes.some((outcome) => outcome.failed > 0);
process.exitCode = failed ? 1 : 0;
