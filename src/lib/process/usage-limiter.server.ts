/** Ends runs that take too much memory or too many processes. Both are the kernel's figures, taken ten times a second, or twice without a sandbox. */
import { SluiceError } from '../protocol/error.ts';
import { residentBytes, usageOfGroups } from './group-usage.server.ts';
import { treeOf } from './process-tree.server.ts';
import type { RunLimits } from './sandbox/sandbox.ts';

/** ms. A program fills about 250 MB in 0.1 s. Without a sandbox every process of the machine is read, in 2–6 ms. */
const PERIOD_MS = 100;
const PERIOD_OF_GROUPS_MS = 500;

/** Of the thread that the checks may take. */
const MAX_SHARE = 0.05;

interface Usage {
  rssBytes: number;
  processes: number;
}

export class UsageLimiter {
  readonly #limits: RunLimits;
  /** Runs have pid namespaces, which nothing leaves; otherwise a run is its process group. */
  readonly #hasTrees: boolean;
  readonly #runs = new Map<number, (error: SluiceError) => void>();
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: RunLimits, hasTrees: boolean) {
    this.#limits = limits;
    this.#hasTrees = hasTrees;
  }

  /** @param onOver called once @returns ends the watch: before the pid can be reused */
  add(pid: number, onOver: (error: SluiceError) => void): () => void {
    this.#runs.set(pid, onOver);
    if (this.#timer === null) this.#schedule(0);
    return () => {
      this.#runs.delete(pid);
      if (this.#runs.size > 0 || this.#timer === null) return;
      clearTimeout(this.#timer);
      this.#timer = null;
    };
  }

  /** @param tookMs how long the last check kept the thread: runs with many processes must not fill it with checks */
  #schedule(tookMs: number): void {
    const periodMs = this.#hasTrees ? PERIOD_MS : PERIOD_OF_GROUPS_MS;
    const delayMs = Math.max(periodMs, tookMs / MAX_SHARE);
    this.#timer = setTimeout(() => {
      const startedAt = performance.now();
      this.#check();
      this.#timer = null;
      if (this.#runs.size > 0) this.#schedule(performance.now() - startedAt);
    }, delayMs).unref();
  }

  #check(): void {
    const { memoryBytes, processes } = this.#limits;
    const groups: ReadonlyMap<number, Usage> = this.#hasTrees
      ? new Map()
      : usageOfGroups(new Set(this.#runs.keys()));
    for (const [pid, onOver] of this.#runs) {
      const used = this.#hasTrees ? usageOfTree(pid) : groups.get(pid);
      if (used === undefined) continue;
      const what =
        used.rssBytes > memoryBytes
          ? `${Math.round(memoryBytes / 1024 ** 2)} MiB of memory`
          : used.processes > processes
            ? `${processes} processes`
            : null;
      if (what === null) continue;
      this.#runs.delete(pid);
      onOver(new SluiceError('too_complex', `The engine was ended, as it took more than ${what}.`));
    }
  }
}

function usageOfTree(root: number): Usage {
  const pids = treeOf(root);
  return { processes: pids.length, rssBytes: pids.reduce((sum, pid) => sum + residentBytes(pid), 0) };
}
