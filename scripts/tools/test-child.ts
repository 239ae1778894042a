/** Runs one test file in a process group of its own, so that it can be killed with all that it started. */
import { spawn } from 'node:child_process';
import type { TestFile } from './test-files.ts';
import { parseUvuSummary, skipLines } from './uvu-summary.ts';

export type RunFile = Pick<TestFile, 'path' | 'deadlineMs'>;

export interface TestOutcome {
  file: RunFile;
  passed: number;
  failed: number;
  skipped: number;
  skips: string[];
  /** Why the file failed as a whole: hung, killed, no summary; else null. */
  trouble: string | null;
  /** Whether it was killed because it did not end. */
  hung: boolean;
  output: string;
  durationMs: number;
}

/** How long the process may live after its summary; then a handle has leaked. */
const EXIT_GRACE_MS = 15_000;
/** Bounds the memory that a flood of output takes. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

const groups = new Set<number>();

export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the group is empty.
  }
}

/** Called when the runner itself ends: detached children would survive it. */
export function killAllGroups(): void {
  for (const pid of groups) killGroup(pid);
}

export async function runTestFile(
  file: RunFile,
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<TestOutcome> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['-C', 'development', file.path], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);

  let output = '';
  let hung: string | null = null;
  let grace: NodeJS.Timeout | null = null;
  const end = (reason: string): void => {
    hung ??= reason;
    if (pid !== undefined) killGroup(pid);
  };
  const deadline = setTimeout(() => {
    end(`it hung: no end after ${file.deadlineMs / 1000} s`);
  }, file.deadlineMs);
  const onData = (text: string): void => {
    if (output.length < MAX_OUTPUT_BYTES) output += text;
    if (grace === null && text.includes('Duration:') && parseUvuSummary(output)) {
      grace = setTimeout(() => {
        end('its tests ended but the process did not: something is left open');
      }, EXIT_GRACE_MS);
    }
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onData);

  const exit = await new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
    child.on('error', (error) => {
      resolve({ code: null, signal: null, error });
    });
    // `close` waits for the pipes, which a grandchild may hold open: kill the rest of the group at `exit`.
    child.on('exit', () => {
      if (pid !== undefined) killGroup(pid);
    });
    child.on('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  clearTimeout(deadline);
  if (grace) clearTimeout(grace);
  if (pid !== undefined) groups.delete(pid);

  const summary = parseUvuSummary(output);
  const failedTests = summary ? summary.total - summary.passed : 0;
  const trouble = exit.error?.message ?? hung ?? troubleOf(exit, summary, failedTests);
  return {
    file,
    passed: summary?.passed ?? 0,
    failed: failedTests + (trouble === null ? 0 : 1),
    skipped: summary?.skipped ?? 0,
    skips: skipLines(output),
    trouble,
    hung: hung !== null,
    output,
    durationMs: performance.now() - startedAt,
  };
}

function troubleOf(
  exit: { code: number | null; signal: string | null },
  summary: { total: number; skipped: number } | null,
  failedTests: number,
): string | null {
  if (exit.signal !== null) return `it was killed by ${exit.signal}`;
  if (!summary) return `it exited with ${exit.code} without a summary: its tests did not run to the end`;
  if (summary.total + summary.skipped === 0) return 'it holds no test';
  if (exit.code !== 0 && failedTests === 0) return `it exited with ${exit.code} although its tests passed`;
  return null;
}
