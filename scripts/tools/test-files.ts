/** Which files `npm test` runs, and which it refuses because uvu would let them pass without running. */
import { globSync } from 'node:fs';

export interface TestFile {
  /** Relative to the root, with `/`. */
  path: string;
  /** A hang deadline, not an expectation: a child that lives longer is killed and counts as failed. */
  deadlineMs: number;
  /** End-to-end and crash files own the machine while they run: browsers and builds beside them make each other slow. */
  alone: boolean;
}

const UNIT_DEADLINE_MS = 300_000;
const E2E_DEADLINE_MS = 600_000;

/** What takes long for what it shows: `npm run test:long`. */
const LONG = 'tests/long/';

/** `patterns` are parts of paths; a file that holds any of them is taken. None: every file. Those in `LONG` are named. */
export function findTestFiles(root: string, patterns: string[]): TestFile[] {
  const withLong = patterns.some((pattern) => pattern.includes(LONG));
  return globSync('tests/**/*.test.ts', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => withLong || !path.startsWith(LONG))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort()
    .map((path) => {
      const alone = /^tests\/(e2e|crash|long)\//.test(path);
      return { path, alone, deadlineMs: alone ? E2E_DEADLINE_MS : UNIT_DEADLINE_MS };
    });
}

/** Why the source of a test file may not be trusted to run, or null. */
export function refusal(source: string): string | null {
  // uvu queues a suite only on .run(): without it the file prints nothing and exits 0.
  if (!/^\s*\w+\.run\(\);?\s*$/m.test(source)) return 'it never calls test.run(), so nothing in it would run';
  if (/^\s*\w+\.only\(/m.test(source)) return 'it uses .only, which drops the other tests without a word';
  return null;
}

/** Files that start the built command or server, by themselves or through tests/support. */
export function needsBuild({ path }: TestFile, source: string): boolean {
  return path.startsWith('tests/e2e/') || /support\/(server|cli)\.ts|bin\/sluice/.test(source);
}
