/** Signals and the end of a sandbox, by its first process. */
import { statOf } from '../process-group.server.ts';
import { treeOf } from '../process-tree.server.ts';
import type { FirstProcess } from './first-process.server.ts';

/** Signals everything but the first process, which is bubblewrap's own. */
export function signalSandbox({ pid: firstPid }: FirstProcess, signal: NodeJS.Signals): void {
  for (const pid of treeOf(firstPid).slice(1)) {
    try {
      process.kill(pid, signal);
    } catch {
      // Ended since.
    }
  }
}

/**
 * Kills everything in the sandbox, also what left its group and cleared its environment, and resolves when it is gone. The
 * kernel ends a pid namespace with its first process, which is a zombie only when nothing else is left.
 */
export async function endSandbox({ pid, startTicks }: FirstProcess): Promise<void> {
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 1000)) {
    const stat = statOf(pid);
    if (stat === null || stat.startTicks !== startTicks || stat.state === 'Z' || stat.state === 'X') return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended since.
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
