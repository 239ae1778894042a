/** CPU and memory of process groups, from Linux's /proc; elsewhere nothing is known. */
import { readFileSync } from 'node:fs';
import { processIds, statOf } from './process-group.server.ts';

export interface GroupUsage {
  /** CPU of all members so far, in ms. */
  cpuMs: number;
  rssBytes: number;
  processes: number;
}

/** USER_HZ is 100 on every Linux that Node runs on. */
export const MS_PER_TICK = 10;

/** Takes about 20 µs for each process on the machine. @param leaders pids that lead their groups */
export function usageOfGroups(leaders: ReadonlySet<number>): Map<number, GroupUsage> {
  const usage = new Map<number, GroupUsage>();
  if (leaders.size === 0) return usage;
  for (const pid of processIds()) {
    const stat = statOf(pid);
    if (stat === null || !leaders.has(stat.group)) continue;
    const known = usage.get(stat.group) ?? { cpuMs: 0, rssBytes: 0, processes: 0 };
    usage.set(stat.group, {
      cpuMs: known.cpuMs + stat.cpuTicks * MS_PER_TICK,
      rssBytes: known.rssBytes + residentBytes(pid),
      processes: known.processes + 1,
    });
  }
  return usage;
}

export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
