/** One thread that reads, terminated when a read takes too much time or memory, or is aborted. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SluiceError } from '../protocol/error.ts';
import { buffersIn } from './buffers.ts';
import type { Report, Result, Task } from './worker.server.ts';

/** Beside this file in the sources, beside the bundle in the build. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? 'worker.server.ts' : 'foreign-worker.js',
  import.meta.url,
);

export interface ThreadLimits {
  /** ms by the clock that a read may take. */
  wallMs: number;
  /** Of the JavaScript heap, without the input bytes. */
  maxHeapMb: number;
}

/** A larger young generation took more memory and no less time. */
const YOUNG_MB = 16;
/** The CPU usage is polled at most this often, unless the limit is smaller. */
const CPU_POLL_MS = 50;

export class ReaderThread {
  /** Resolves when the thread has ended. */
  readonly exited: Promise<void>;
  readonly #worker: Worker;
  readonly #limits: ThreadLimits;
  #isEnding = false;
  #error: unknown = null;
  #reading: PromiseWithResolvers<Result> | null = null;

  constructor(limits: ThreadLimits) {
    this.#limits = limits;
    // Without our environment and flags: untrusted text must not get at them.
    this.#worker = new Worker(WORKER, {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: limits.maxHeapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on('error', (error: unknown) => (this.#error ??= error));
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#isEnding = true;
        this.#reading?.reject(this.#exitReason());
        resolve();
      });
    });
  }

  /** Neither ended nor being terminated. */
  get isUsable(): boolean {
    return !this.#isEnding;
  }

  /**
   * One at a time. Keeps the process alive meanwhile.
   * @param cpuMs of CPU that the read may take, which does not depend on how busy the machine is
   * @throws SluiceError `too_complex`; the error of a thread that ended by itself. Then the thread cannot be used again.
   */
  async run(task: Task, cpuMs: number): Promise<Result> {
    const done = new AbortController();
    const { begun, result } = this.#reports();
    const timeout = this.#timeLimit(cpuMs, begun, done.signal).then(() => {
      throw new SluiceError('too_complex', 'It took too long to read.');
    });
    this.#worker.ref();
    try {
      this.#worker.postMessage(task, buffersIn(task.input));
      return await Promise.race([result, timeout]);
    } catch (thrown) {
      void this.terminate();
      throw thrown;
    } finally {
      done.abort();
      this.#reading = null;
      this.#worker.unref();
    }
  }

  /** Terminates the thread in the middle of a read; resolves as `exited`. */
  async terminate(): Promise<void> {
    this.#isEnding = true;
    void this.#worker.terminate();
    await this.exited;
  }

  /** `begun`: ms of CPU that the thread had used when the read began. */
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

  /** Resolves when the read has used all its time. Rejects once `done` is aborted. */
  async #timeLimit(cpuMs: number, begun: Promise<number>, done: AbortSignal): Promise<void> {
    const { wallMs } = this.#limits;
    const after = (ms: number): Promise<null> => delay(ms, null, { signal: done, ref: false });
    const wallLimit = after(wallMs);
    // `cpuUsage` of a thread that does not run yet never settles (Node 24.21),
    const begunMs = await Promise.race([begun, wallLimit]);
    for (let waitMs = cpuMs; begunMs !== null;) {
      await Promise.race([after(waitMs), wallLimit]);
      // nor does it while the thread is in one long call, such as `JSON.parse`: then the clock decides.
      const usage = await Promise.race([this.#worker.cpuUsage().catch(() => wallLimit), wallLimit]);
      if (usage === null) return;
      const usedMs = (usage.user + usage.system) / 1000 - begunMs;
      if (usedMs >= cpuMs) return;
      waitMs = Math.max(Math.min(CPU_POLL_MS, cpuMs), cpuMs - usedMs);
    }
  }

  #exitReason(): unknown {
    const code = (this.#error as { code?: unknown } | null)?.code;
    if (code === 'ERR_WORKER_OUT_OF_MEMORY')
      return new SluiceError('too_complex', 'It took too much memory to read.', { cause: this.#error });
    return this.#error ?? new Error('The thread that reads ended without an answer.');
  }
}
