/**
 * Files that our parent process left open without close-on-exec (an editor's socket, a lock): Node passes those above
 * fd 15 on to every child. Neither an engine nor the watcher may hold them.
 */
import { openSync, readdirSync, readFileSync } from 'node:fs';
import type { StdioOptions } from 'node:child_process';

/** O_CLOEXEC of open(2), octal as in /proc/pid/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000;
/** Above this the array passed to `spawn` costs more than the leak. */
const MAX_FD = 1023;

/** Fds that a child would inherit beside its stdio. Empty where there is no /proc. */
function inheritedFds(): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
  return names.map(Number).filter((fd) => fd > 2 && fd <= MAX_FD && !closesOnExec(fd));
}

/** `stdio`, with /dev/null for every inherited fd beyond it. */
export function stdioWithoutInherited(stdio: ('ignore' | 'pipe' | 'ipc')[]): StdioOptions {
  // Listed once: they are inherited only at our start.
  fds ??= inheritedFds();
  if (fds.length === 0) return stdio;
  nullFd ??= openSync('/dev/null', 'r+');
  const replaced: ('ignore' | 'pipe' | 'ipc' | number)[] = [...stdio];
  for (const fd of fds) {
    while (replaced.length <= fd) replaced.push('ignore');
    if (fd >= stdio.length) replaced[fd] = nullFd;
  }
  return replaced;
}

let fds: number[] | null = null;
let nullFd: number | null = null;

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    return true; // Closed since the listing.
  }
}
