/** One thread that reads, and what ends it: too much time, too much memory, or nobody waiting any more. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SluiceError } from '../protocol/error.ts';
import { buffersIn } from './buffers.ts';
import type { Report, Result, Task } from './worker.server.ts';

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
/** The thread's clock is read no more often, unless it may take less. */
const LOOK_EVERY_MS = 50;

export class ReaderThread {
  /** Resolves when nothing of the thread is left. */
  readonly gone: Promise<void>;
  readonly #worker: Worker;
  readonly #limits: ThreadLimits;
  #isEnding = false;
  #error: unknown = null;
  #reading: PromiseWithResolvers<Result> | null = null;

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
        this.#reading?.reject(this.#whyGone());
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
  async run(task: Task): Promise<Result> {
    const over = new AbortController();
    const { begun, result } = this.#reports();
    const late = this.#late(begun, over.signal).then(() => {
      throw new SluiceError('too_complex', 'It took too long to read.');
    });
    this.#worker.ref();
    try {
      this.#worker.postMessage(task, buffersIn(task.input));
      return await Promise.race([result, late]);
    } catch (thrown) {
      void this.end();
      throw thrown;
    } finally {
      over.abort();
      this.#reading = null;
      this.#worker.unref();
    }
  }

  /** Ends it in the middle of whatever it does; resolves as `gone`. */
  async end(): Promise<void> {
    this.#isEnding = true;
    void this.#worker.terminate();
    await this.gone;
  }

  /** `begun`: what the thread had used when the read began, in ms of CPU. */
  #reports(): { begun: Promise<number>; result: Promise<Result> } {
    const begun = Promise.withResolvers<number>();
    const done = (this.#reading = Promise.withResolvers<Result>());
    const onReport = ({ cpuMs, result }: Report): void => {
      begun.resolve(cpuMs);
      if (result === null) return;
      this.#worker.off('message', onReport);
      done.resolve(result);
    };
    this.#worker.on('message', onReport);
    return { begun: begun.promise, result: done.promise };
  }

  /** Resolves when the read has had all its time. Rejects once it is over. */
  async #late(begun: Promise<number>, over: AbortSignal): Promise<void> {
    const { cpuMs, wallMs } = this.#limits;
    const after = (ms: number): Promise<null> => delay(ms, null, { signal: over, ref: false });
    const atLast = after(wallMs);
    // A thread that is asked for its time before it runs never answers (Node 24.21).
    const begunMs = await Promise.race([begun, atLast]);
    for (let waitMs = cpuMs; begunMs !== null;) {
      await Promise.race([after(waitMs), atLast]);
      // Nor does it within one call of the platform's: then the clock decides.
      const usage = await Promise.race([this.#worker.cpuUsage().catch(() => atLast), atLast]);
      if (usage === null) return;
      const usedMs = (usage.user + usage.system) / 1000 - begunMs;
      if (usedMs >= cpuMs) return;
      waitMs = Math.max(Math.min(LOOK_EVERY_MS, cpuMs), cpuMs - usedMs);
    }
  }

  #whyGone(): unknown {
    const code = (this.#error as { code?: unknown } | null)?.code;
    if (code === 'ERR_WORKER_OUT_OF_MEMORY')
      return new SluiceError('too_complex', 'It took too much memory to read.', { cause: this.#error });
    return this.#error ?? new Error('The thread that reads ended without an answer.');
  }
}
