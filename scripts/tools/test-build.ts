/** Builds what the end-to-end tests start, and installs the engine they drive, by the product's own means. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestFile } from './test-files.ts';

const BUILD_DEADLINE_MS = 10 * 60_000;

export async function prepareBuild(root: string, files: TestFile[]): Promise<void> {
  if (!files.some(({ alone }) => alone)) return;
  const build = spawnSync(process.execPath, [join(root, 'scripts/build.ts'), '--if-stale'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: BUILD_DEADLINE_MS,
  });
  // The end-to-end files would each say that the server does not start: say once what is wrong.
  if (build.status !== 0) console.log(`The build failed (${build.status ?? build.signal}).`);
}
