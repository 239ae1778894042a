/** Builds what the end-to-end tests and benches start, and gets the engine they drive, by the product's own means. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BUILD_DEADLINE_MS = 10 * 60_000;

/** Builds when the sources are newer. Says what is wrong once: each end-to-end file would only say that nothing starts. */
export function prepareBuild(root: string): void {
  const { status, signal } = spawnSync(process.execPath, [join(root, 'scripts/build.ts'), '--if-stale'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: BUILD_DEADLINE_MS,
  });
  if (status !== 0) console.log(`The build failed (${status ?? signal}).`);
}
