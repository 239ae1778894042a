/** Process groups: each engine leads one, so that its children (ffmpeg under yt-dlp) are signalled with it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Signals the whole group; false = there is no such group. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (thrown) {
    // EPERM: a member runs as another user, so the group exists.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Kills the group and resolves when no member of it runs, however long that takes: a process stuck in the kernel may
 * still write.
 */
export async function endGroup(leader: number): Promise<void> {
  for (let waitMs = 1; signalGroup(leader, 'SIGKILL'); waitMs = Math.min(waitMs * 2, 1000)) {
    // Where PID 1 does not reap, zombies never go.
    if (waitMs > 50 && onlyZombies(leader)) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function onlyZombies(leader: number): boolean {
  const members = processIds().map((pid) => statOf(pid));
  return members.every((stat) => stat?.group !== leader || stat.state === 'Z' || stat.state === 'X');
}

/** All process ids; empty where there is no /proc. */
export function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

/** PF_KTHREAD of linux/sched.h. */
const KERNEL_THREAD_FLAG = 0x00200000;

interface ProcessStat {
  state: string;
  parent: number;
  group: number;
  isKernelThread: boolean;
  /** Clock ticks from boot to the start of the process: unique together with the pid. */
  startTicks: string;
  /** Clock ticks on a CPU so far, in user and kernel mode. */
  cpuTicks: number;
}

/** null = gone, or no /proc. Fields: proc(5), /proc/pid/stat. */
export function statOf(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name in parentheses may itself contain blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    isKernelThread: (Number(fields[6]) & KERNEL_THREAD_FLAG) !== 0,
    startTicks: fields[19] ?? '',
    cpuTicks: Number(fields[11]) + Number(fields[12]),
  };
}
