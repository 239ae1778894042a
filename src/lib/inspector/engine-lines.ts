/** Engine processes as lines of the tree. What they use is sampled every few looks. */
import type { GroupUsage } from '../process/group-usage.server.ts';
import type { EngineLine } from './census.ts';
import type { ProcessTap } from './taps/processes.ts';

/** Looks between two samples: 2 s. Finding the members of groups reads a file for each process of the machine. */
const LOOKS_A_SAMPLE = 4;

interface Sampled {
  cpuPercent: number | null;
  rssBytes: number | null;
  processes: number;
}

const UNKNOWN: Sampled = { cpuPercent: null, rssBytes: null, processes: 1 };

export class EngineLines {
  readonly #tap: ProcessTap;
  readonly #usageOf: (leaders: ReadonlySet<number>) => Map<number, GroupUsage>;
  #looks = 0;
  #before = new Map<string, { cpuMs: number; at: number }>();
  #sampled = new Map<string, Sampled>();

  constructor(tap: ProcessTap, usageOf: (leaders: ReadonlySet<number>) => Map<number, GroupUsage>) {
    this.#tap = tap;
    this.#usageOf = usageOf;
  }

  look(): EngineLine[] {
    const running = this.#tap.running();
    if (this.#looks++ % LOOKS_A_SAMPLE === 0) this.#sample(running);
    return running.map(({ run, owner }) => ({
      session: owner.session,
      view: {
        id: `engine:${run.mark}`,
        kind: 'engine',
        parent: owner.download === null ? null : `download:${owner.download}`,
        engine: owner.engine,
        pid: run.pid,
        since: performance.timeOrigin + run.startedAt,
        ...(this.#sampled.get(run.mark) ?? UNKNOWN),
      },
    }));
  }

  #sample(running: ReturnType<ProcessTap['running']>): void {
    const usage = this.#usageOf(new Set(running.map(({ run }) => run.pid)));
    const at = performance.now();
    const before = this.#before;
    this.#before = new Map();
    this.#sampled = new Map();
    for (const { run } of running) {
      const now = usage.get(run.pid);
      if (now === undefined) continue;
      const last = before.get(run.mark);
      const share = last === undefined ? null : (now.cpuMs - last.cpuMs) / (at - last.at);
      this.#before.set(run.mark, { cpuMs: now.cpuMs, at });
      this.#sampled.set(run.mark, {
        cpuPercent: share === null ? null : Math.round(Math.max(0, share) * 1000) / 10,
        rssBytes: now.rssBytes,
        processes: now.processes,
      });
    }
  }
}
