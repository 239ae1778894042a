/**
 * Files that were open when we were started, and that whoever started us did not mark close-on-exec (an editor's
 * socket, a lock): Node passes those above fd 15 on to every child. Neither an engine nor the watcher may hold them.
 */
import { openSync, readdirSync, readFileSync } from 'node:fs';
import type { StdioOptions } from 'node:child_process';

/** open(2), O_CLOEXEC as /proc/pid/fdinfo prints it: octal. */
const CLOSE_ON_EXEC = 0o2000000;
/** Above this the table that has to be passed to `spawn` costs more than the leak. */
const MAX_FD = 1023;

/** Fds that a child would inherit beside its stdio. Empty where there is no /proc. */
export function inheritedFds(): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
  return names.map(Number).filter((fd) => fd > 2 && fd <= MAX_FD && !closesOnExec(fd));
}

/** `stdio` with every inherited fd beyond it replaced by /dev/null. */
export function withoutInherited(stdio: ('ignore' | 'pipe')[]): StdioOptions {
  // Looked up once: only our start can bring them.
  fds ??= inheritedFds();
  if (fds.length === 0) return stdio;
  nullFd ??= openSync('/dev/null', 'r+');
  const plugs: ('ignore' | 'pipe' | number)[] = [...stdio];
  for (const fd of fds) {
    while (plugs.length <= fd) plugs.push('ignore');
    if (fd >= stdio.length) plugs[fd] = nullFd;
  }
  return plugs;
}

let fds: number[] | null = null;
let nullFd: number | null = null;

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    return true; // closed since the listing
  }
}
