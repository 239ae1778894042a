/** Engine processes as entries of the tree, with their CPU and memory, which are sampled every few calls. */
import type { GroupUsage } from '../process/group-usage.server.ts';
import type { EngineEntry } from './actor-tree.ts';
import type { ProcessTap } from './taps/processes.ts';

/** 2 to 4 s. Sampling is expensive: finding the members of groups reads a file for each process of the machine. */
const CALLS_PER_SAMPLE = 4;

interface EngineUsage {
  cpuPercent: number | null;
  rssBytes: number | null;
  processes: number;
}

const UNKNOWN: EngineUsage = { cpuPercent: null, rssBytes: null, processes: 1 };

export class EngineProcesses {
  readonly #tap: ProcessTap;
  readonly #usageOf: (leaders: ReadonlySet<number>) => Map<number, GroupUsage>;
  #calls = 0;
  #previousCpu = new Map<string, { cpuMs: number; at: number }>();
  #usage = new Map<string, EngineUsage>();

  constructor(tap: ProcessTap, usageOf: (leaders: ReadonlySet<number>) => Map<number, GroupUsage>) {
    this.#tap = tap;
    this.#usageOf = usageOf;
  }

  entries(): EngineEntry[] {
    const running = this.#tap.running();
    if (this.#calls++ % CALLS_PER_SAMPLE === 0) this.#sample(running);
    return running.map(({ run, owner }) => ({
      session: owner.session,
      view: {
        id: `engine:${run.mark}`,
        kind: 'engine',
        parent: owner.download === null ? null : `download:${owner.download}`,
        engine: owner.engine,
        pid: run.pid,
        since: performance.timeOrigin + run.startedAt,
        ...(this.#usage.get(run.mark) ?? UNKNOWN),
      },
    }));
  }

  #sample(running: ReturnType<ProcessTap['running']>): void {
    const usage = this.#usageOf(new Set(running.map(({ run }) => run.pid)));
    const at = performance.now();
    const before = this.#previousCpu;
    this.#previousCpu = new Map();
    this.#usage = new Map();
    for (const { run } of running) {
      const now = usage.get(run.pid);
      if (now === undefined) continue;
      const last = before.get(run.mark);
      const share = last === undefined ? null : (now.cpuMs - last.cpuMs) / (at - last.at);
      this.#previousCpu.set(run.mark, { cpuMs: now.cpuMs, at });
      this.#usage.set(run.mark, {
        cpuPercent: share === null ? null : Math.round(Math.max(0, share) * 1000) / 10,
        rssBytes: now.rssBytes,
        processes: now.processes,
      });
    }
  }
}
