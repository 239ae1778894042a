/** Living processes from /proc: engines by the mark in their environment, and by their process group. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface MarkedProcess {
  pid: number;
  group: number;
  /** `SLUICE_RUN`: `<instance>.<run>`. */
  mark: string;
  command: string;
}

/** Every living process whose mark begins with one of `prefixes`. */
export function markedProcesses(prefixes: readonly string[]): MarkedProcess[] {
  return processIds().flatMap((pid) => {
    const found = look(pid);
    return found !== null && prefixes.some((prefix) => found.mark.startsWith(prefix)) ? [found] : [];
  });
}

/** Whether a process group has a living member; zombies do not count. */
export function groupLives(group: number): boolean {
  return processIds().some((pid) => {
    const stat = statOf(pid);
    return stat !== null && stat.group === group;
  });
}

/** `<key>-<id>` of the server that started the process. */
export function instanceOf({ mark }: MarkedProcess): string {
  return mark.slice(0, mark.lastIndexOf('.'));
}

/** The download in whose work dir an engine runs; '' = the process is gone. */
export function downloadOf({ pid }: MarkedProcess): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/cwd`));
  } catch {
    return '';
  }
}

function look(pid: number): MarkedProcess | null {
  try {
    const mark = /(?:^|\0)SLUICE_RUN=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))?.[1];
    const stat = mark === undefined ? null : statOf(pid);
    if (mark === undefined || stat === null) return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    return { pid, group: stat.group, mark, command };
  } catch {
    return null;
  }
}

function statOf(pid: number): { group: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : { group: Number(group) };
  } catch {
    return null;
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}
