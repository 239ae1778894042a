/**
 * Finds processes that left their group (setsid) or outlived a server, by the mark in every engine's environment, which
 * children inherit. Linux only; elsewhere nothing is found. 2–3 ms for 200 processes.
 */
import { readFileSync } from 'node:fs';
import { processIds, statOf } from './process-group.server.ts';

/** Set in every engine's environment to `<server id>.<run>`. `watcher.sh` searches for it too. */
export const RUN_MARK = 'SLUICE_RUN';

/**
 * ms for which a process without an environment is checked again: it may be in the middle of an exec, when the kernel
 * has dropped the old environment and not yet laid out the new one. A program that was started with an empty one keeps
 * every search waiting so long, and is then left alone.
 */
const EXEC_GRACE_MS = 60;

interface Search {
  /** Processes whose mark matches. */
  found: number[];
  /** Processes that run without an environment. */
  unknown: number[];
}

/** Yields to the event loop every 64 processes. */
async function searchMarked(matches: (mark: string) => boolean): Promise<Search> {
  const search: Search = { found: [], unknown: [] };
  let read = 0;
  for (const pid of processIds()) {
    if (pid !== process.pid) {
      const mark = runMarkOf(pid);
      if (mark === 'no environment') search.unknown.push(pid);
      else if (mark !== null && matches(mark.mark)) search.found.push(pid);
    }
    if (++read % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return search;
}

/** Kills every process whose mark matches, until none is left. @returns how many there were */
export async function killMarked(matches: (mark: string) => boolean): Promise<number> {
  const killed = new Set<number>();
  let unknownMs = 0;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 1000)) {
    const { found, unknown } = await searchMarked(matches);
    // A killed process loses its environment before its files are closed: it is waited for until it is a zombie.
    const isEnding = unknown.some((pid) => killed.has(pid));
    if (found.length === 0 && !isEnding && (unknown.length === 0 || unknownMs > EXEC_GRACE_MS)) {
      return killed.size;
    }
    for (const pid of found) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone since the search.
      }
    }
    if (found.length === 0) unknownMs += waitMs;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** null = it has no mark, is gone, a zombie, or another user's. */
function runMarkOf(pid: number): { mark: string } | 'no environment' | null {
  let environ = '';
  try {
    environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch (thrown) {
    // Linux 6.18 says so of a process that has no memory any more; on other kernels it reads as empty.
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') return null;
  }
  if (environ === '') return isProgram(pid) ? 'no environment' : null;
  const key = `${RUN_MARK}=`;
  let at = environ.startsWith(key) ? 0 : environ.indexOf(`\0${key}`) + 1;
  if (at === 0 && !environ.startsWith(key)) return null;
  at += key.length;
  const end = environ.indexOf('\0', at);
  return { mark: environ.slice(at, end < 0 ? undefined : end) };
}

/** Neither gone, a zombie nor a thread of the kernel. */
function isProgram(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X' && !stat.isKernelThread;
}
