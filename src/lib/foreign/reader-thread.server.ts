/** One thread that reads, and what ends it: too much time, too much memory, or nobody waiting any more. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SluiceError } from '../protocol/error.ts';
import { buffersIn } from './buffers.ts';
import type { Answer, Task } from './worker.server.ts';

/** Beside this file in the sources, beside the bundle in the build: both are found from where this runs. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? 'worker.server.ts' : 'foreign-worker.js',
  import.meta.url,
);

export interface ThreadLimits {
  /** ms of CPU that a read may take: on a machine that is busy with other things an honest one takes no more of it. */
  cpuMs: number;
  /** ms by the clock after which it is ended all the same. */
  wallMs: number;
  /** Of the JavaScript heap, without the bytes that are read. */
  maxHeapMb: number;
}

/** Young objects are moved twice before they are old: more room for them is more memory for no less time. */
const YOUNG_MB = 16;
/** How often at most the thread's clock is read. */
const LOOK_EVERY_MS = 50;

export class ReaderThread {
  /** Resolves when nothing of the thread is left. */
  readonly gone: Promise<void>;
  readonly #worker: Worker;
  readonly #limits: ThreadLimits;
  #isEnding = false;
  #error: unknown = null;
  /** What the thread had used when its last read was over. */
  #cpuMs = 0;

  constructor(limits: ThreadLimits) {
    this.#limits = limits;
    // No environment and no flags of ours: what is read here is nobody's who should know them.
    this.#worker = new Worker(WORKER, {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: limits.maxHeapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on('error', (error: unknown) => (this.#error ??= error));
    this.gone = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#isEnding = true;
        resolve();
      });
    });
  }

  /** It is there, and nobody has asked it to end. */
  get isUsable(): boolean {
    return !this.#isEnding;
  }

  /**
   * One at a time. The process is kept while it goes on.
   * @throws SluiceError `too_complex`; what went wrong, for a thread that ended by itself. Then the thread is of no more use.
   */
  async run(task: Task): Promise<Answer> {
    const over = new AbortController();
    const answered = new Promise<Answer>((resolve) => this.#worker.once('message', resolve));
    const ended = this.gone.then(() => {
      throw this.#whyGone();
    });
    const late = this.#late(over.signal).then(() => {
      throw new SluiceError('too_complex', 'It took too long to read.');
    });
    this.#worker.ref();
    try {
      this.#worker.postMessage(task, buffersIn(task.input));
      const answer = await Promise.race([answered, ended, late]);
      this.#cpuMs = answer.cpuMs;
      return answer;
    } catch (thrown) {
      void this.end();
      throw thrown;
    } finally {
      over.abort();
      late.catch(() => undefined);
      ended.catch(() => undefined);
      this.#worker.unref();
    }
  }

  /** Ends it in the middle of whatever it does; resolves as `gone`. */
  async end(): Promise<void> {
    this.#isEnding = true;
    void this.#worker.terminate();
    await this.gone;
  }

  /** Resolves when the read that begins now has had all its time. Rejects once that is over. */
  async #late(over: AbortSignal): Promise<void> {
    const { cpuMs, wallMs } = this.#limits;
    const until = performance.now() + wallMs;
    for (let waitMs = cpuMs; ;) {
      await delay(Math.min(waitMs, Math.max(0, until - performance.now())), null, {
        signal: over,
        ref: false,
      });
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      // Within one call of the platform's the thread does not answer: then the clock decides.
      const silent = delay(leftMs, null, { signal: over, ref: false });
      const usage = await Promise.race([this.#worker.cpuUsage().catch(() => silent), silent]);
      if (usage === null) return;
      const usedMs = (usage.user + usage.system) / 1000 - this.#cpuMs;
      if (usedMs >= cpuMs) return;
      waitMs = Math.max(LOOK_EVERY_MS, cpuMs - usedMs);
    }
  }

  #whyGone(): unknown {
    const code = (this.#error as { code?: unknown } | null)?.code;
    if (code === 'ERR_WORKER_OUT_OF_MEMORY')
      return new SluiceError('too_complex', 'It took too much memory to read.', { cause: this.#error });
    return this.#error ?? new Error('The thread that reads ended without an answer.');
  }
}
