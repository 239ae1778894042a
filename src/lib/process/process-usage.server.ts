/** CPU and memory of one process, as the system counts them: no code in that process has a say in it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MS_PER_TICK, residentBytes } from './group-usage.server.ts';
import { statOf } from './process-group.server.ts';

interface ProcessUsage {
  /** Of all its threads so far, in user and kernel mode, in steps of 10 ms. */
  cpuMs: number;
  rssBytes: number;
}

const run = promisify(execFile);

/** Takes 40 µs where there is a /proc, else a start of `ps`. null = the process is gone, or nothing is known of it. */
export async function usageOf(pid: number): Promise<ProcessUsage | null> {
  if (process.platform !== 'linux') return usageByPs(pid);
  const stat = statOf(pid);
  return stat && { cpuMs: stat.cpuTicks * MS_PER_TICK, rssBytes: residentBytes(pid) };
}

async function usageByPs(pid: number): Promise<ProcessUsage | null> {
  const printed = await run('ps', ['-o', 'time=,rss=', '-p', String(pid)]).catch(() => null);
  return printed && usageInPs(printed.stdout);
}

/** @param line of `ps -o time=,rss=`: `[[days-]hours:]minutes:seconds[.hundredths] KiB` */
export function usageInPs(line: string): ProcessUsage | null {
  const [, days = '0', clock, kib] = /^\s*(?:(\d+)-)?([\d:.]+)\s+(\d+)\s*$/.exec(line) ?? [];
  if (clock === undefined) return null;
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuMs: (Number(days) * 86_400 + seconds) * 1000, rssBytes: Number(kib) * 1024 };
}
