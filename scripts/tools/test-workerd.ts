/** Installs workerd, the second host, with npm into .cache/: a pinned version, once. */
import { spawnSync } from 'node:child_process';
import { WORKERD_INSTALL, workerdPath } from '../../tests/support/workerd.ts';

const INSTALL_DEADLINE_MS = 10 * 60_000;

/** Never fails the run: without a network the tests that need it are skipped, and say so. */
export function prepareWorkerd(root: string): void {
  if (workerdPath() !== null || WORKERD_INSTALL === null) return;
  console.log(`The tests need workerd (160 MB): npm ${WORKERD_INSTALL}`);
  const { status, stdout, stderr } = spawnSync(
    'npm',
    [...WORKERD_INSTALL.split(' '), '--no-audit', '--no-fund'],
    { cwd: root, encoding: 'utf8', timeout: INSTALL_DEADLINE_MS },
  );
  if (status === 0 && workerdPath() !== null) return;
  console.log(`workerd could not be installed (${status ?? 'timed out'}):`);
  console.log(`${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n'));
}
