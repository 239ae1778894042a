/** One process that reads, killed when a read takes too much time or memory, or is aborted. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stdioWithoutInherited } from '../../process/inherited-fds.server.ts';
import { usageOf } from '../../process/process-usage.server.ts';
import type { Watcher } from '../../process/watcher.server.ts';
import { SluiceError } from '../../protocol/error.ts';
import { encodeMessage, IncomingMessage } from './message.server.ts';
import { PIPE_FD, type Result, type Task } from './reader-loop.server.ts';

const IS_SOURCE = import.meta.url.endsWith('.ts');
/** Beside this file in the sources, beside the bundle in the build. */
const PROGRAM = fileURLToPath(new URL(IS_SOURCE ? 'reader.server.ts' : 'foreign-reader.js', import.meta.url));
/** What it may open: its own code. */
const CODE = IS_SOURCE ? fileURLToPath(new URL('../../../../', import.meta.url)) : PROGRAM;

/** Half of the young generation: a larger one took more memory and no less time. */
const SEMI_SPACE_MB = 4;
/** Of an answer: what is kept of the longest playlist is 20 MiB, of a listing 16 MiB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Of what it prints as it ends, for the log: V8 says first what went wrong, at length. */
const MAX_PRINTED = 2_000;
/** ms between two checks of what a read uses, unless its limit is smaller. */
const POLL_MS = 50;
/**
 * No core file, no more memory than $0 KiB, the first to go when the machine has none left, and behind the server where both want
 * a core: with 66 hostile texts at once others waited 1.6 s, 1.4 of them for a core. Where a lower limit is in
 * force already, it stays. RLIMIT_DATA counts what a process may write to, of which Node reserves 550 MB and uses 20.
 */
const WITH_LIMITS =
  'ulimit -c 0; ulimit -d "$0" 2>/dev/null; echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec nice -n 10 "$@"';
const DATA_KIB = 2 * 1024 * 1024;
const NOT_STARTED = 'A process that reads could not be started.';

export interface ProcessLimits {
  /** ms by the clock that a read may take. */
  wallMs: number;
  /** Of the JavaScript heap, without the input bytes. */
  maxHeapMb: number;
  /** Of all its memory, once a read has taken 50 ms. */
  maxRssMb: number;
  /** Another program than `reader.server.ts`. */
  program?: string;
}

/** How a process ended by itself in a read, and what it printed. */
export type OnCrash = (how: string, printed: string) => void;

export class ReaderProcess {
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pid: number;
  readonly #pipe: Socket;
  readonly #limits: ProcessLimits;
  /** Rejects when the process ends. */
  readonly #ended = Promise.withResolvers<never>();
  /** It can read, and would not outlive the server. */
  readonly #begun: Promise<unknown>;
  #incoming = new IncomingMessage(MAX_ANSWER_BYTES);
  #answer = Promise.withResolvers<unknown>();
  /** A read is in it: what ends it now is the text. */
  #isReading = false;
  #isEnding = false;
  #printed = '';

  /** @throws SluiceError `engine_exit` when the system cannot start it now */
  constructor(limits: ProcessLimits, watcher: Watcher, onCrash: OnCrash) {
    this.#limits = limits;
    this.#child = start(limits);
    // Also EAGAIN and EMFILE, after which it has neither a pid nor pipes.
    this.#child.on('error', () => undefined);
    const { pid } = this.#child;
    if (pid === undefined) throw new SluiceError('engine_exit', NOT_STARTED);
    this.#pid = pid;
    this.#pipe = this.#child.stdio[PIPE_FD] as Socket;
    this.#pipe.on('error', () => undefined);
    this.#pipe.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#printed.length < MAX_PRINTED) this.#printed += chunk.toString('latin1', 0, MAX_PRINTED);
    });
    this.exited = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        if (this.#isReading && !this.#isEnding) onCrash(how, this.#printed.trim().slice(0, MAX_PRINTED));
        this.#isEnding = true;
        this.#ended.reject(this.#exitReason(how));
        resolve();
      };
      this.#child.once('exit', () => watcher.remove(pid));
      // Not `exit`: what was printed arrives later.
      this.#child.once('close', (code, signal) => onEnd(signal ?? `exit code ${code}`));
    });
    this.#begun = Promise.all([this.#answer.promise, this.#watch(watcher)]);
    for (const promise of [this.#ended.promise, this.#begun]) promise.catch(() => undefined);
  }

  /** Neither ended nor being terminated. */
  get isUsable(): boolean {
    return !this.#isEnding;
  }

  /**
   * One at a time. Keeps the server's process alive meanwhile.
   * @param cpuMs of CPU that the read may take, which does not depend on how busy the machine is
   * @throws SluiceError `too_complex` past a limit, or if the process ended; `engine_exit` if none could be started. Then it
   * cannot be used again.
   */
  async run(task: Task, cpuMs: number): Promise<Result> {
    const done = new AbortController();
    this.#keepAlive(true);
    try {
      const wallLimit = delay(this.#limits.wallMs, null, { signal: done.signal, ref: false }).then(
        tookTooLong,
      );
      return await Promise.race([this.#read(task, cpuMs, done.signal), wallLimit, this.#ended.promise]);
    } catch (thrown) {
      void this.terminate();
      throw thrown;
    } finally {
      done.abort();
      this.#isReading = false;
      if (!this.#isEnding) this.#keepAlive(false);
    }
  }

  /** Kills the process in the middle of a read; resolves as `exited`. */
  async terminate(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill('SIGKILL');
    this.#keepAlive(true);
    await this.exited;
  }

  async #read(task: Task, cpuMs: number, done: AbortSignal): Promise<Result> {
    await this.#begun;
    done.throwIfAborted();
    const before = (await usageOf(this.#pid))?.cpuMs ?? 0;
    this.#isReading = true;
    this.#answer = Promise.withResolvers();
    this.#incoming = new IncomingMessage(MAX_ANSWER_BYTES);
    void this.#send(encodeMessage(task, true));
    return (await Promise.race([this.#answer.promise, this.#overuse(before, cpuMs, done)])) as Result;
  }

  /** In a turn of its own: the watcher's shell may have to be started, and each start takes some 8 ms. */
  async #watch(watcher: Watcher): Promise<void> {
    await immediate();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await watcher.add(this.#pid);
  }

  /** Part by part, so that no turn of the loop is long and what was sent is free. */
  async #send(parts: Uint8Array[]): Promise<void> {
    for (let part = parts.shift(); part && !this.#isEnding; part = parts.shift()) {
      const next = part;
      await new Promise((resolve) => this.#pipe.write(next, resolve));
    }
  }

  #receive(chunk: Buffer): void {
    try {
      for (let at = 0; at < chunk.length && !this.#isEnding;) {
        const { space } = this.#incoming;
        // More than was asked for.
        if (space.length === 0) throw new RangeError('There is no question for this answer.');
        const piece = chunk.subarray(at, at + space.length);
        space.set(piece);
        this.#incoming.filled(piece.length);
        at += piece.length;
      }
      if (this.#incoming.space.length === 0) this.#answer.resolve(this.#incoming.value());
    } catch (cause) {
      this.#ended.reject(new SluiceError('too_complex', undefined, { cause }));
      void this.terminate();
    }
  }

  /** Rejects when the read has used all its time or memory, or once `done` is aborted. */
  async #overuse(beforeMs: number, cpuMs: number, done: AbortSignal): Promise<never> {
    for (;;) {
      await delay(Math.min(POLL_MS, cpuMs), null, { signal: done, ref: false });
      const usage = await usageOf(this.#pid);
      if (usage === null) continue;
      if (usage.cpuMs - beforeMs >= cpuMs) tookTooLong();
      if (usage.rssBytes > this.#limits.maxRssMb * 1024 ** 2) tookTooMuch();
    }
  }

  #exitReason(how: string): SluiceError {
    const cause = new Error(`The process that reads ended (${how}).`);
    return this.#isReading
      ? new SluiceError('too_complex', 'It took too much memory to read, or ended its process.', { cause })
      : new SluiceError('engine_exit', NOT_STARTED, { cause });
  }

  #keepAlive(yes: boolean): void {
    for (const each of [this.#child, this.#pipe, this.#child.stderr as unknown as Socket]) {
      if (yes) each.ref();
      else each.unref();
    }
  }
}

function tookTooLong(): never {
  throw new SluiceError('too_complex', 'It took too long to read.');
}

function tookTooMuch(): never {
  throw new SluiceError('too_complex', 'It took too much memory to read.');
}

function start({ maxHeapMb, program = PROGRAM }: ProcessLimits): ChildProcess {
  const flags = [
    `--max-old-space-size=${maxHeapMb}`,
    `--max-semi-space-size=${SEMI_SPACE_MB}`,
    // One thread of V8 beside its own: three more were for nothing.
    '--v8-pool-size=1',
    // A reader that was taken over opens no file and starts nothing. It does not cost a millisecond.
    '--permission',
    `--allow-fs-read=${IS_SOURCE ? join(CODE, '*') : CODE}`,
    '--disallow-code-generation-from-strings',
  ];
  const argv = ['-c', WITH_LIMITS, String(DATA_KIB), process.execPath, ...flags, program];
  return spawn('/bin/sh', argv, {
    // A group of its own, so that the watcher can end it, and Ctrl-C is the server's alone.
    detached: true,
    stdio: stdioWithoutInherited(['ignore', 'ignore', 'pipe', 'pipe']),
    cwd: '/',
    // Nothing of the server's. Not empty: a process without an environment holds up `killMarked`.
    env: { PATH: '/usr/bin:/bin' },
  });
}
