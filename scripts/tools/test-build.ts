/** Builds the server for end-to-end tests and benches. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BUILD_DEADLINE_MS = 10 * 60_000;

/** Builds when the sources are newer, and reports a failure once instead of in each end-to-end file. */
export function prepareBuild(root: string): void {
  const { status, signal } = spawnSync(process.execPath, [join(root, 'scripts/build.ts'), '--if-stale'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: BUILD_DEADLINE_MS,
  });
  if (status !== 0) console.log(`The build failed (${status ?? signal}).`);
}
