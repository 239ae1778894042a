/** CPU and memory of a process tree, wall and CPU time of a command, from /proc. Linux only. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** USER_HZ: 100 on every Linux there is. */
const TICKS_PER_SECOND = 100;
const RSS_EVERY_MS = 50;
const CPU_EVERY_MS = 20;

interface Entry {
  /** Unique: its pid and start. */
  key: string;
  /** Without children. */
  ownTicks: number;
  parent: number;
  /** Including its children that have ended and were waited for. */
  cpuTicks: number;
  rssPages: number;
}

/** proc(5), /proc/pid/stat; null = gone. */
function look(pid: number): Entry | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ownTicks = Number(fields[11]) + Number(fields[12]);
    const cpuTicks = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
    return {
      key: `${pid}:${fields[19]}`,
      ownTicks,
      parent: Number(fields[1]),
      cpuTicks,
      rssPages: Number(fields[21]),
    };
  } catch {
    return null;
  }
}

/** A process and its descendants. */
function treeOf(root: number): Entry[] {
  const entries = new Map<number, Entry>();
  for (const pid of readdirSync('/proc').map(Number)) {
    const entry = pid > 0 ? look(pid) : null;
    if (entry) entries.set(pid, entry);
  }
  const isBelow = (pid: number): boolean => {
    for (let at = pid; at > 1; at = entries.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  return [...entries].filter(([pid]) => isBelow(pid)).map(([, entry]) => entry);
}

/** Seconds of CPU of a tree, user and system, including ended children. In steps of 10 ms. */
export function cpuSecondsOf(root: number): number {
  return treeOf(root).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND;
}

/** Resident bytes of a tree; shared pages count for each process. */
export function rssBytesOf(root: number): number {
  return treeOf(root).reduce((sum, { rssPages }) => sum + rssPages, 0) * 4096;
}

/** The peak memory of a tree, sampled 20 times a second until `stop`. */
export function watchRss(root: number): { stop(): number } {
  let peak = rssBytesOf(root);
  const timer = setInterval(() => (peak = Math.max(peak, rssBytesOf(root))), RSS_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peak, rssBytesOf(root));
    },
  };
}

/**
 * Seconds of CPU that a tree takes until `stop`. Sampled, as the first process of a sandbox is waited for by nobody who
 * counts: what a process takes after its last sample is lost.
 */
export function watchCpu(root: number): { stop(): number } {
  const ticks = new Map<string, number>();
  const sample = (): void => {
    for (const { key, ownTicks } of treeOf(root)) ticks.set(key, ownTicks);
  };
  sample();
  const before = sum(ticks);
  const timer = setInterval(sample, CPU_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return (sum(ticks) - before) / TICKS_PER_SECOND;
    },
  };
}

function sum(ticks: ReadonlyMap<string, number>): number {
  return [...ticks.values()].reduce((a, b) => a + b, 0);
}

export interface Cost {
  wallSeconds: number;
  /** User and system, including waited-for children. */
  cpuSeconds: number;
}

/** Runs a command, timed by bash, which measures its children to the millisecond. @throws Error if it fails */
export async function timeCommand(
  argv: string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd = process.cwd(),
): Promise<Cost> {
  const script = `TIMEFORMAT='%3R %3U %3S'; time "$@" >/dev/null 2>&1`;
  const { stderr } = await promisify(execFile)('bash', ['-ec', script, 'bash', ...argv], { env, cwd });
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split(' ').map(Number);
  return { wallSeconds: wall, cpuSeconds: user + system };
}
