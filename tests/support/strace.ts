/** strace, for tests that observe or fail system calls of a process. */
import { spawnSync } from 'node:child_process';
import { missing, toolPath } from './tools.ts';

/** Why tests cannot use strace, with the remedy, or null: a container may forbid ptrace. */
export function straceMissing(): string | null {
  const strace = toolPath('strace');
  if (strace === null) return missing('strace');
  const { status } = spawnSync(strace, ['-f', '-o', '/dev/null', process.execPath, '--version'], {
    stdio: 'ignore',
    timeout: 20_000,
  });
  return status === 0 ? null : 'strace may not trace here; in a container: --cap-add=SYS_PTRACE';
}
