/**
 * The processes that read untrusted text: started on demand, at most two for any text and one more for small texts, ended
 * when idle for some seconds. A read that takes too long is killed with its process, so that others wait no longer than
 * that, and a text that ends its process ends nothing else (docs/adr/020).
 */
import { nanoid } from 'nanoid';
import { Watcher } from '../../process/watcher.server.ts';
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import { buffersIn } from '../buffers.ts';
import { MAX_SMALL_BYTES, MAX_WAITING_BYTES } from '../limits.ts';
import { deserializeError } from '../serialized-error.ts';
import type { InputOf, OutputOf, ReaderName, Readers } from '../port.ts';
import { ReadQueue } from './read-queue.ts';
import type { Result, Task } from './reader-loop.server.ts';
import { type OnCrash, type ProcessLimits, ReaderProcess } from './reader-process.server.ts';

/** Texts that wait to be read, of all callers. */
const MAX_WAITING_READS = 64;

export interface ReadersOptions {
  /** Processes for any text; one more reads only small texts. */
  maxProcesses?: number;
  /** ms of CPU that one read may take; the largest honest inputs take a tenth of it. */
  cpuMs?: number;
  /** The same for a text of at most `MAX_SMALL_BYTES`. */
  smallCpuMs?: number;
  /** ms by the clock that one read may take, on however busy a machine. */
  wallMs?: number;
  /** Of the heap of each process. */
  maxHeapMb?: number;
  /** Of all memory of each process. */
  maxRssMb?: number;
  /** ms after which an idle process is ended. */
  idleMs?: number;
  maxWaitingOfOneCaller?: number;
  /** The calling session, whose jobs share one turn. Null = each job (its signal) counts as a caller. */
  caller?: () => string | null;
  /** Called when a process ended in a read by itself. */
  onCrash?: OnCrash;
  /** Of the processes; absent = all readers (`readers.ts`). */
  program?: string;
}

interface Read {
  task: Task;
  isSmall: boolean;
  resolve: (output: unknown) => void;
  reject: (reason: unknown) => void;
  /** Null while it waits. */
  reader: ReaderProcess | null;
}

export class ReaderPool implements Readers {
  readonly #maxProcesses: number;
  readonly #idleMs: number;
  readonly #limits: ProcessLimits;
  readonly #cpuMs: number;
  readonly #smallCpuMs: number;
  readonly #caller: (() => string | null) | undefined;
  readonly #queue: ReadQueue<Read>;
  readonly #running = new Set<Read>();
  /** Idle processes with their timeouts. */
  readonly #idle = new Map<ReaderProcess, NodeJS.Timeout>();
  /** All processes, also those that are being terminated. */
  readonly #processes = new Set<ReaderProcess>();
  readonly #onCrash: OnCrash;
  /** While there are processes: it ends them with the server. */
  #watcher: Watcher | null = null;
  #isClosed = false;

  constructor(options: ReadersOptions = {}) {
    const { maxProcesses = 2, cpuMs = 3_000, wallMs = 20_000, maxHeapMb = 256, idleMs = 5_000 } = options;
    const { maxWaitingOfOneCaller: waitingOfOneCaller = 24, smallCpuMs = 500 } = options;
    this.#maxProcesses = maxProcesses;
    this.#idleMs = idleMs;
    const { maxRssMb = 768, program } = options;
    this.#limits = { wallMs, maxHeapMb, maxRssMb, ...(program === undefined ? {} : { program }) };
    this.#onCrash = options.onCrash ?? (() => undefined);
    this.#cpuMs = cpuMs;
    this.#smallCpuMs = Math.min(smallCpuMs, cpuMs);
    this.#caller = options.caller;
    this.#queue = new ReadQueue({
      waiting: MAX_WAITING_READS,
      waitingOfOneCaller,
      waitingBytes: MAX_WAITING_BYTES,
    });
  }

  /** Number of processes now. */
  get processes(): number {
    return this.#processes.size;
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
      const read: Read = { task, isSmall: bytes <= MAX_SMALL_BYTES, resolve, reject, reader: null };
      const onAbort = (): void => {
        this.#queue.remove(read);
        reject(signal.reason as Error);
        void read.reader?.terminate();
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

  /** Rejects all reads with `not_ready`; resolves when no process is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const reason = new SluiceError('not_ready', 'Sluice is stopping.');
    for (const read of [...this.#queue.clear(), ...this.#running]) read.reject(reason);
    await Promise.all([...this.#processes].map((reader) => reader.terminate()));
    await this.#endWatcher();
  }

  #dispatch(): void {
    while (!this.#isClosed && (this.#idle.size > 0 || this.#processes.size <= this.#maxProcesses)) {
      const large = [...this.#running].filter(({ isSmall }) => !isSmall).length;
      const next = this.#queue.next(large < this.#maxProcesses ? Infinity : MAX_SMALL_BYTES);
      if (next === null) return;
      const [idle] = this.#idle.keys();
      if (idle) this.#removeIdle(idle);
      void this.#run(next.read, next.caller, idle);
    }
  }

  /** Never rejects. @param idle undefined = a new one is started */
  async #run(read: Read, caller: unknown, idle: ReaderProcess | undefined): Promise<void> {
    const startedMs = performance.now();
    this.#running.add(read);
    try {
      const reader = (read.reader = idle ?? this.#startProcess());
      settleRead(read, await reader.run(read.task, this.#cpuMsOf(read)));
    } catch (thrown) {
      read.reject(toSluiceError(thrown));
      await read.reader?.exited;
    }
    this.#running.delete(read);
    this.#queue.finished(caller, performance.now() - startedMs);
    if (read.reader?.isUsable) this.#addIdle(read.reader);
    this.#dispatch();
  }

  #cpuMsOf({ isSmall }: Read): number {
    return isSmall ? this.#smallCpuMs : this.#cpuMs;
  }

  #startProcess(): ReaderProcess {
    this.#watcher ??= new Watcher(`readers-${nanoid(8)}`);
    const reader = new ReaderProcess(this.#limits, this.#watcher, this.#onCrash);
    this.#processes.add(reader);
    void reader.exited.then(() => {
      this.#processes.delete(reader);
      if (this.#processes.size === 0) void this.#endWatcher();
      this.#removeIdle(reader);
      this.#dispatch();
    });
    return reader;
  }

  async #endWatcher(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = null;
    await watcher?.close();
  }

  #addIdle(reader: ReaderProcess): void {
    const timer = setTimeout(() => {
      this.#removeIdle(reader);
      void reader.terminate();
    }, this.#idleMs);
    this.#idle.set(reader, timer.unref());
  }

  #removeIdle(reader: ReaderProcess): void {
    clearTimeout(this.#idle.get(reader));
    this.#idle.delete(reader);
  }
}

function settleRead(read: Read, result: Result): void {
  if ('output' in result) return read.resolve(result.output);
  const { error, thrown } = result;
  // An unexpected error is for the log.
  read.reject(thrown === null ? deserializeError(error) : toSluiceError(new Error(thrown)));
}
