/** Whether the cores of this machine have nothing to do. */
import { cpus } from 'node:os';

/** Of all cores together, since the machine started. */
export interface CoreTimes {
  idleMs: number;
  allMs: number;
}

export function coreTimes(): CoreTimes {
  const sum: CoreTimes = { idleMs: 0, allMs: 0 };
  for (const { times } of cpus()) {
    sum.idleMs += times.idle;
    sum.allMs += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return sum;
}

/** The share of idle time between two moments, 0 to 1; 0 where the machine does not say. */
export function idleShare(before: CoreTimes, after: CoreTimes): number {
  const allMs = after.allMs - before.allMs;
  return allMs > 0 ? (after.idleMs - before.idleMs) / allMs : 0;
}

/** Calls `work` every `everyMs` in which more than `share` of the cores' time was idle. @returns stops it */
export function whileIdle(share: number, everyMs: number, work: () => void): () => void {
  let before = coreTimes();
  const timer = setInterval(() => {
    const now = coreTimes();
    if (idleShare(before, now) > share) work();
    before = now;
  }, everyMs);
  return () => clearInterval(timer);
}
