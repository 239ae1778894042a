/** Which files `npm test` runs, and which it refuses because uvu would pass without running them. */
import { globSync } from 'node:fs';

export interface TestFile {
  /** Relative to the root, with `/`. */
  path: string;
  /** The hang deadline: a child that runs longer is killed and counts as failed. */
  deadlineMs: number;
  /**
   * `end-to-end` and `long` drive whole programs, such as browsers: they need all tools and take longer, so few run at once.
   * One that is `long` runs with no other file beside it.
   */
  kind: 'unit' | 'end-to-end' | 'long';
}

const UNIT_DEADLINE_MS = 300_000;
const E2E_DEADLINE_MS = 600_000;

/** Slow tests: `npm run test:long`. */
const LONG = 'tests/long/';

/** @param patterns parts of paths; empty = every file. Files in `LONG` run only if a pattern names them. */
export function findTestFiles(root: string, patterns: string[]): TestFile[] {
  const withLong = patterns.some((pattern) => pattern.includes(LONG));
  return globSync('tests/**/*.test.ts', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => withLong || !path.startsWith(LONG))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort()
    .map((path) => {
      const kind = kindOf(path);
      return { path, kind, deadlineMs: kind === 'unit' ? UNIT_DEADLINE_MS : E2E_DEADLINE_MS };
    });
}

function kindOf(path: string): TestFile['kind'] {
  if (path.startsWith(LONG)) return 'long';
  return /^tests\/(e2e|crash)\//.test(path) ? 'end-to-end' : 'unit';
}

/** Why a test file is refused, or null. */
export function refusal(source: string): string | null {
  // uvu runs a suite only on .run(): without it the file prints nothing and exits with 0.
  if (!/^\s*\w+\.run\(\);?\s*$/m.test(source)) return 'it never calls test.run(), so nothing in it would run';
  if (/^\s*\w+\.only\(/m.test(source)) return 'it uses .only, which drops the other tests without a word';
  return null;
}

/** Files that start the built command or server, by themselves or through tests/support. */
export function needsBuild({ kind }: TestFile, source: string): boolean {
  return kind !== 'unit' || /support\/(server|cli)\.ts|bin\/sluice/.test(source);
}
