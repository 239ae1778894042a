/**
 * The threads that read untrusted text: started on demand, at most two for any text and one more for small texts, terminated
 * when idle for some seconds. A read that takes too long is terminated with its thread, so that others wait no longer than
 * that (docs/adr/020).
 */
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { buffersIn } from './buffers.ts';
import { MAX_SMALL_BYTES, MAX_WAITING_BYTES } from './limits.ts';
import { deserializeError } from './serialized-error.ts';
import type { InputOf, OutputOf, ReaderName, Readers } from './port.ts';
import { ReadQueue } from './read-queue.ts';
import { ReaderThread, type ThreadLimits } from './reader-thread.server.ts';
import type { Result, Task } from './worker.server.ts';

/** Texts that wait to be read, of all callers. */
const MAX_WAITING_READS = 64;

export interface ReadersOptions {
  /** Threads for any text; one more reads only small texts. */
  maxThreads?: number;
  /** ms of CPU that one read may take; the largest honest inputs take a tenth of it. */
  cpuMs?: number;
  /** The same for a text of at most `MAX_SMALL_BYTES`. */
  smallCpuMs?: number;
  /** ms by the clock that one read may take, on however busy a machine. */
  wallMs?: number;
  /** Of the heap of each thread. */
  maxHeapMb?: number;
  /** ms after which an idle thread is terminated. */
  idleMs?: number;
  maxWaitingOfOneCaller?: number;
  /** The calling session, whose jobs share one turn. Null = each job (its signal) counts as a caller. */
  caller?: () => string | null;
}

interface Read {
  task: Task;
  isSmall: boolean;
  resolve: (output: unknown) => void;
  reject: (reason: unknown) => void;
  /** Null while it waits. */
  thread: ReaderThread | null;
}

export class ReaderPool implements Readers {
  readonly #maxThreads: number;
  readonly #idleMs: number;
  readonly #limits: ThreadLimits;
  readonly #cpuMs: number;
  readonly #smallCpuMs: number;
  readonly #caller: (() => string | null) | undefined;
  readonly #queue: ReadQueue<Read>;
  readonly #running = new Set<Read>();
  /** Idle threads with their timeouts. */
  readonly #idle = new Map<ReaderThread, NodeJS.Timeout>();
  /** All threads, also those that are being terminated. */
  readonly #threads = new Set<ReaderThread>();
  #isClosed = false;

  constructor(options: ReadersOptions = {}) {
    const { maxThreads = 2, cpuMs = 3_000, wallMs = 20_000, maxHeapMb = 256, idleMs = 5_000 } = options;
    const { maxWaitingOfOneCaller: waitingOfOneCaller = 24, smallCpuMs = 500 } = options;
    this.#maxThreads = maxThreads;
    this.#idleMs = idleMs;
    this.#limits = { wallMs, maxHeapMb };
    this.#cpuMs = cpuMs;
    this.#smallCpuMs = Math.min(smallCpuMs, cpuMs);
    this.#caller = options.caller;
    this.#queue = new ReadQueue({
      waiting: MAX_WAITING_READS,
      waitingOfOneCaller,
      waitingBytes: MAX_WAITING_BYTES,
    });
  }

  /** Number of threads now. */
  get threads(): number {
    return this.#threads.size;
  }

  read<Name extends ReaderName>(
    name: Name,
    input: InputOf<Name>,
    signal: AbortSignal,
  ): Promise<OutputOf<Name>> {
    return this.#read({ name, input }, signal) as Promise<OutputOf<Name>>;
  }

  #read(task: Task, signal: AbortSignal): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#isClosed) throw new SluiceError('not_ready');
      const bytes = buffersIn(task.input).reduce((sum, { byteLength }) => sum + byteLength, 0);
      const read: Read = { task, isSmall: bytes <= MAX_SMALL_BYTES, resolve, reject, thread: null };
      const onAbort = (): void => {
        this.#queue.remove(read);
        reject(signal.reason as Error);
        void read.thread?.terminate();
      };
      const removeListener = (): void => signal.removeEventListener('abort', onAbort);
      read.resolve = (output) => {
        removeListener();
        resolve(output);
      };
      read.reject = (reason) => {
        removeListener();
        reject(reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      for (const refused of this.#queue.add(this.#caller?.() ?? signal, read, bytes))
        refused.reject(new SluiceError('too_many_requests'));
      this.#dispatch();
    });
  }

  /** Rejects all reads with `not_ready`; resolves when no thread is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const reason = new SluiceError('not_ready', 'Sluice is stopping.');
    for (const read of [...this.#queue.clear(), ...this.#running]) read.reject(reason);
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #dispatch(): void {
    while (!this.#isClosed && (this.#idle.size > 0 || this.#threads.size <= this.#maxThreads)) {
      const large = [...this.#running].filter(({ isSmall }) => !isSmall).length;
      const next = this.#queue.next(large < this.#maxThreads ? Infinity : MAX_SMALL_BYTES);
      if (next === null) return;
      const [thread] = this.#idle.keys();
      if (thread) this.#removeIdle(thread);
      void this.#run(next.read, next.caller, thread);
    }
  }

  /** Never rejects. @param idleThread undefined = a new one is started */
  async #run(read: Read, caller: unknown, idleThread: ReaderThread | undefined): Promise<void> {
    const startedMs = performance.now();
    this.#running.add(read);
    try {
      const thread = (read.thread = idleThread ?? this.#startThread());
      settleRead(read, await thread.run(read.task, this.#cpuMsOf(read)));
    } catch (thrown) {
      read.reject(toSluiceError(thrown));
      await read.thread?.exited;
    }
    this.#running.delete(read);
    this.#queue.finished(caller, performance.now() - startedMs);
    if (read.thread?.isUsable) this.#addIdle(read.thread);
    this.#dispatch();
  }

  #cpuMsOf({ isSmall }: Read): number {
    return isSmall ? this.#smallCpuMs : this.#cpuMs;
  }

  #startThread(): ReaderThread {
    const thread = new ReaderThread(this.#limits);
    this.#threads.add(thread);
    void thread.exited.then(() => {
      this.#threads.delete(thread);
      this.#removeIdle(thread);
      this.#dispatch();
    });
    return thread;
  }

  #addIdle(thread: ReaderThread): void {
    const timer = setTimeout(() => {
      this.#removeIdle(thread);
      void thread.terminate();
    }, this.#idleMs);
    this.#idle.set(thread, timer.unref());
  }

  #removeIdle(thread: ReaderThread): void {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
  }
}

function settleRead(read: Read, result: Result): void {
  if ('output' in result) return read.resolve(result.output);
  const { error, thrown } = result;
  // An unexpected error is for the log.
  read.reject(thrown === null ? deserializeError(error) : toSluiceError(new Error(thrown)));
}
