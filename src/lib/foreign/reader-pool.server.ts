/**
 * The threads in which strangers' text is read: made when they are needed, at most two, gone some seconds after. A read that
 * takes too long ends with its thread, and nothing else waits for longer than that (docs/adr/020).
 */
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { restore } from './carried-error.ts';
import type { InputOf, OutputOf, ReaderName, Readers } from './port.ts';
import { ReadQueue } from './read-queue.ts';
import { ReaderThread } from './reader-thread.server.ts';
import type { Result, Task } from './worker.server.ts';

export interface ReadersOptions {
  maxThreads?: number;
  /** ms of CPU that one read may take; the largest honest inputs take a tenth of it. */
  cpuMs?: number;
  /** ms by the clock that one read may take, on however busy a machine. */
  wallMs?: number;
  /** Of each thread's heap. */
  maxHeapMb?: number;
  /** ms that a thread is kept for the next read. */
  idleMs?: number;
  maxWaiting?: number;
  maxWaitingOfOneCaller?: number;
  /** Who reads now: a session, so that its jobs share one turn. null = each job (its signal) by itself. */
  caller?: () => string | null;
}

export interface OwnedReaders extends Readers {
  /** Threads there are now. */
  readonly threads: number;
  /** Ends all reads with `not_ready`; resolves when no thread is left. */
  close(): Promise<void>;
}

interface Read {
  task: Task;
  resolve: (output: unknown) => void;
  reject: (reason: unknown) => void;
  /** The thread that it is in; null = it waits. */
  thread: ReaderThread | null;
}

export function createReaders(options: ReadersOptions = {}): OwnedReaders {
  const { maxThreads = 2, cpuMs = 3_000, wallMs = 20_000, maxHeapMb = 256, idleMs = 5_000 } = options;
  const queue = new ReadQueue<Read>({
    waiting: options.maxWaiting ?? 64,
    waitingOfOneCaller: options.maxWaitingOfOneCaller ?? 24,
  });
  const limits = { cpuMs, wallMs, maxHeapMb };
  /** Each with what ends it. */
  const idle = new Map<ReaderThread, NodeJS.Timeout>();
  const busy = new Set<Read>();
  /** Threads, also those that are being ended. */
  const alive = new Set<ReaderThread>();
  let isClosed = false;

  function start(): ReaderThread {
    const thread = new ReaderThread(limits);
    alive.add(thread);
    void thread.gone.then(() => {
      alive.delete(thread);
      leaveIdle(thread);
      dispatch();
    });
    return thread;
  }

  function leaveIdle(thread: ReaderThread): void {
    clearTimeout(idle.get(thread));
    idle.delete(thread);
  }

  function keep(thread: ReaderThread): void {
    const timer = setTimeout(() => {
      leaveIdle(thread);
      void thread.end();
    }, idleMs);
    idle.set(thread, timer.unref());
  }

  function dispatch(): void {
    while (!isClosed && (idle.size > 0 || alive.size < maxThreads)) {
      const next = queue.next();
      if (next === null) return;
      const [kept] = idle.keys();
      if (kept) leaveIdle(kept);
      void run(next.read, next.caller, kept);
    }
  }

  /** Never rejects. Without a kept thread one is started. */
  async function run(read: Read, caller: unknown, kept: ReaderThread | undefined): Promise<void> {
    const startedMs = performance.now();
    busy.add(read);
    try {
      const thread = (read.thread = kept ?? start());
      answer(read, await thread.run(read.task));
    } catch (thrown) {
      read.reject(toSluiceError(thrown));
      await read.thread?.gone;
    }
    busy.delete(read);
    queue.served(caller, performance.now() - startedMs);
    if (read.thread?.isUsable) keep(read.thread);
    dispatch();
  }

  function read<Name extends ReaderName>(
    name: Name,
    input: InputOf<Name>,
    signal: AbortSignal,
  ): Promise<OutputOf<Name>> {
    return new Promise<unknown>((resolve, reject) => {
      signal.throwIfAborted();
      if (isClosed) throw new SluiceError('not_ready');
      const asked: Read = { task: { name, input }, resolve, reject, thread: null };
      const caller = options.caller?.() ?? signal;
      if (!queue.add(caller, asked)) throw new SluiceError('too_many_requests');
      const onAbort = (): void => {
        queue.remove(caller, asked);
        reject(signal.reason as Error);
        void asked.thread?.end();
      };
      const unlisten = (): void => signal.removeEventListener('abort', onAbort);
      asked.resolve = (output) => {
        unlisten();
        resolve(output);
      };
      asked.reject = (reason) => {
        unlisten();
        reject(reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      dispatch();
    }) as Promise<OutputOf<Name>>;
  }

  return {
    read,
    get threads() {
      return alive.size;
    },
    async close() {
      isClosed = true;
      const reason = new SluiceError('not_ready', 'Sluice is stopping.');
      for (const one of [...queue.clear(), ...busy]) one.reject(reason);
      await Promise.all([...alive].map((thread) => thread.end()));
    },
  };
}

function answer(read: Read, result: Result): void {
  if ('output' in result) return read.resolve(result.output);
  const { error, thrown } = result;
  // What is none of ours is for the log.
  read.reject(thrown === null ? restore(error) : toSluiceError(new Error(thrown)));
}
