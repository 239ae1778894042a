/** Process groups: an engine leads one of its own, so its children (ffmpeg under yt-dlp) can be signalled with it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to the whole group; false = there is no such group (any more). */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (thrown) {
    // EPERM: a member changed its user. It exists, and that is all we may know.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Kills the group and resolves when no member of it runs. Waits as long as that takes: a process stuck in the kernel
 * may still write, and nobody may be told that it is over.
 */
export async function endGroup(leader: number): Promise<void> {
  for (let waitMs = 1; signalGroup(leader, 'SIGKILL'); waitMs = Math.min(waitMs * 2, 1000)) {
    // Where PID 1 does not reap, dead members stay in the table for ever.
    if (waitMs > 50 && onlyZombies(leader)) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function onlyZombies(leader: number): boolean {
  const members = processIds().map((pid) => statOf(pid));
  return members.every((stat) => stat?.group !== leader || stat.state === 'Z' || stat.state === 'X');
}

/** Every process id there is; empty where there is no /proc. */
export function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

export interface ProcessStat {
  state: string;
  group: number;
  /** Clock ticks from boot to the start of the process: with the pid it names a process for good. */
  startTicks: string;
  /** Clock ticks on a CPU so far, in user and kernel mode. */
  cpuTicks: number;
}

/** What Linux says of a process; null = gone, or no /proc. Fields: proc(5), /proc/pid/stat. */
export function statOf(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name in parentheses may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    group: Number(fields[2]),
    startTicks: fields[19] ?? '',
    cpuTicks: Number(fields[11]) + Number(fields[12]),
  };
}
