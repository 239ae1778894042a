/**
 * Runs engines in their sandbox, and so that none outlives the server. A watcher (one small shell for the server) kills every group that is
 * left when the server dies; a latch (one shell per engine, which becomes the engine) ensures that the watcher knows the
 * group before the engine's first instruction; a mark in the environment finds processes that left their group; and a
 * ledger on disk finds, at the next start, what even that missed. Reasons and measurements: docs/adr/011 and 041.
 */
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { SluiceError } from '../protocol/error.ts';
import type { EngineCommand, EngineExit, ProcessHost } from './process-host.ts';
import { endGroup, signalGroup } from './process-group.server.ts';
import { type Ledger, openLedger } from './ledger.server.ts';
import { type ProcessListener, ProcessObservers, type ProcessRun } from './process-observers.ts';
import { type Latch, latchError, startLatch } from './latch.server.ts';
import { escalateSignals, DEFAULT_GRACE_PERIODS, type GracePeriods } from './escalate-signals.ts';
import { killMarked } from './run-mark.server.ts';
import { UsageLimiter } from './usage-limiter.server.ts';
import { Watcher } from './watcher.server.ts';
import { makeScratch, openRunFolder, type RunFolder } from './run-folder.server.ts';
import { endSandbox, signalSandbox } from './sandbox/end-sandbox.server.ts';
import { DEFAULT_LIMITS, type RunLimits, type Sandbox, SCRATCH_FILE_BYTES } from './sandbox/sandbox.ts';

/** ms that pipes may stay open after the engine's exit: a process that holds them longer has left the group. */
const PIPE_GRACE_MS = 250;
const SIGNAL_NAMES = new Map(
  // Of aliases, such as SIGIOT, the first one is the name.
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);
/** Enough for a latch's error message. */
const STDERR_HEAD_BYTES = 512;

interface ProcessHostOptions {
  /** A dir of this server's own, created if missing: its key marks the engines of each server. */
  runDir: string;
  gracePeriods?: GracePeriods;
  /** From `probeSandbox`. null = programs run as they are: for what we install ourselves. */
  sandbox?: Sandbox | null;
  limits?: RunLimits;
  /** Names in a job's folder that are ours: no run leaves one that was not there, or changes them (in a full sandbox). */
  notes?: readonly string[];
}

export interface OwnedProcessHost extends ProcessHost {
  /** `SLUICE_RUN` of every engine begins with this. */
  readonly serverId: string;
  /** How many engines of earlier servers were found alive and ended. */
  readonly reaped: number;
  running(): ProcessRun[];
  /** @returns removes the listener */
  observe(listener: ProcessListener): () => void;
}

/**
 * Ends the engines that earlier servers of this run dir left, then takes commands. Only one host may use a run dir at a
 * time (the data dir's lock ensures that): a second one would end the first one's engines.
 * @throws the file system's own error when the run dir cannot be created or written
 */
export async function createProcessHost(options: ProcessHostOptions): Promise<OwnedProcessHost> {
  const ledger = openLedger(options.runDir);
  const serverId = `${ledger.key}-${nanoid(8)}`;
  const reaped = (await ledger.reap()) + (await killMarked((mark) => mark.startsWith(`${ledger.key}-`)));
  const watcher = new Watcher(serverId);
  const {
    gracePeriods = DEFAULT_GRACE_PERIODS,
    sandbox = null,
    limits = DEFAULT_LIMITS,
    notes = [],
  } = options;
  const scratchDir = join(options.runDir, 'scratch');
  await makeScratch(scratchDir);
  const limiter = new UsageLimiter(limits, sandbox?.level === 'full');
  const running = new Set<Promise<unknown>>();
  const observers = new ProcessObservers();
  const closing = new AbortController();
  let runs = 0;

  return {
    serverId,
    reaped,
    run(command) {
      if (closing.signal.aborted) return Promise.reject(new SluiceError('not_ready'));
      const mark = `${serverId}.${(runs++).toString(36)}`;
      const run = runOne(command, {
        ...{ mark, ledger, watcher, gracePeriods, observers, sandbox, limits, limiter, scratchDir, notes },
        closing: closing.signal,
      });
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    running: () => [...observers.running.values()],
    observe: (listener) => observers.add(listener),
    async close() {
      closing.abort();
      await Promise.allSettled(running);
      await watcher.close();
    },
  };
}

interface RunContext {
  mark: string;
  ledger: Ledger;
  watcher: Watcher;
  gracePeriods: GracePeriods;
  observers: ProcessObservers;
  closing: AbortSignal;
  sandbox: Sandbox | null;
  limits: RunLimits;
  limiter: UsageLimiter;
  scratchDir: string;
  notes: readonly string[];
}

async function runOne(command: EngineCommand, context: RunContext): Promise<EngineExit> {
  command.signal.throwIfAborted();
  const folder = await openRunFolder(command, context);
  try {
    return await runIn(folder, command, context);
  } finally {
    await folder.close();
  }
}

async function runIn(folder: RunFolder, command: EngineCommand, context: RunContext): Promise<EngineExit> {
  const { mark, ledger, watcher, observers, sandbox } = context;
  const { cwd } = folder;
  const isFull = sandbox?.level === 'full';
  const limits = folder.isScratch ? { ...context.limits, fileBytes: SCRATCH_FILE_BYTES } : context.limits;
  const { argv, env, reads = [], input = null, outlet = null } = command;
  const latch = await startLatch(
    { argv, cwd, reads, kept: folder.kept, input, outlet, limits, sandbox, env: { ...env, ...folder.env } },
    mark,
  );
  const startedAt = performance.now();
  const exited = exitOf(latch, startedAt, isFull);
  const run: ProcessRun = { mark, pid: latch.pid, argv, cwd, startedAt };
  const over: { error: SluiceError | null } = { error: null };
  const unlimit = context.limiter.add(latch.pid, (error) => {
    over.error = error;
    signalGroup(latch.pid, 'SIGKILL');
  });
  observers.started(run);
  const drained = drain(latch, command, run, observers);
  const stopped = new AbortController();
  let exit: EngineExit | null = null;
  try {
    try {
      ledger.add(latch.pid);
      await watcher.add(latch.pid);
      stopOn(command.signal, context, latch, stopped.signal);
      if (!command.signal.aborted && !context.closing.aborted) latch.open();
      await exited;
    } finally {
      stopped.abort();
      // Also when the watcher failed: a latch that was not opened is only a waiting shell.
      if (latch.child.exitCode === null && latch.child.signalCode === null) signalGroup(latch.pid, 'SIGKILL');
    }
    exit = await exited;
    await Promise.race([drained.ended, delay(PIPE_GRACE_MS)]);
    if (over.error !== null) throw over.error;
    const startError = latchError(exit.exitCode, drained.stderrHead());
    if (startError) throw startError;
    if (drained.failure !== null) throw drained.failure.error;
    return exit;
  } finally {
    unlimit();
    latch.closeNetwork();
    const inside = latch.first();
    // All of the group is in the sandbox then. Where PID 1 does not reap, its dead stay, and would be waited for.
    if (inside !== null) await endSandbox(inside);
    else await endGroup(latch.pid);
    // At once: from here on the system may reuse the pid.
    watcher.remove(latch.pid);
    ledger.remove(latch.pid);
    observers.exited(
      run,
      exit ?? { exitCode: null, signal: 'SIGKILL', durationMs: performance.now() - startedAt },
    );
    // Nothing leaves the sandbox: what was started in it has ended with it.
    if (inside === null) await killMarked((each) => each === mark);
    drained.stop();
  }
}

async function exitOf({ child }: Latch, startedAt: number, isFull: boolean): Promise<EngineExit> {
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  const durationMs = performance.now() - startedAt;
  // bubblewrap ends as shells do for a command that was killed.
  const killedBy =
    isFull && exitCode !== null && exitCode > 128 ? SIGNAL_NAMES.get(exitCode - 128) : undefined;
  return killedBy === undefined
    ? { exitCode, signal, durationMs }
    : { exitCode: null, signal: killedBy, durationMs };
}

/** Until `stopped`: an abort escalates signals, closing the host kills at once. */
function stopOn(
  abort: AbortSignal,
  { closing, gracePeriods, sandbox }: RunContext,
  { pid, first }: Latch,
  stopped: AbortSignal,
): void {
  const kill = (): void => void signalGroup(pid, 'SIGKILL');
  const interrupt = (): void => {
    const send = (signal: NodeJS.Signals): void => {
      // bubblewrap itself would end at the first signal, and with it everything at once.
      const inside = sandbox?.level === 'full' && signal !== 'SIGKILL' ? first() : null;
      if (inside !== null) signalSandbox(inside, signal);
      else signalGroup(pid, signal);
    };
    const cancel = escalateSignals(send, gracePeriods);
    stopped.addEventListener('abort', cancel, { once: true });
  };
  closing.addEventListener('abort', kill, { once: true, signal: stopped });
  abort.addEventListener('abort', interrupt, { once: true, signal: stopped });
  // Still a latch: no engine has anything to save.
  if (closing.aborted || abort.aborted) kill();
}

interface Drain {
  /** Both pipes have ended. */
  ended: Promise<unknown>;
  stderrHead(): string;
  /** Thrown by `onChunk`: it is not called again, and the engine is killed. */
  failure: { error: unknown } | null;
  /** No chunk is delivered after this. */
  stop(): void;
}

/** Passes chunks on as they arrive and keeps none: 1 GB of output costs no memory. */
function drain(latch: Latch, command: EngineCommand, run: ProcessRun, observers: ProcessObservers): Drain {
  const pipes = [
    { fd: 1 as const, stream: latch.stdout },
    { fd: 2 as const, stream: latch.stderr },
  ];
  let head = '';
  const state: Drain = {
    ended: Promise.all(pipes.map(({ stream }) => new Promise((resolve) => stream.once('close', resolve)))),
    stderrHead: () => head,
    failure: null,
    stop: () => {
      for (const { stream } of pipes) stream.removeAllListeners('data').destroy();
    },
  };
  for (const { fd, stream } of pipes) {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      if (fd === 2 && head.length < STDERR_HEAD_BYTES) head += chunk.toString('latin1', 0, STDERR_HEAD_BYTES);
      if (state.failure !== null) return;
      if (observers.isWatched) observers.emit({ type: 'output', run, fd, chunk });
      try {
        command.onChunk(fd, chunk);
      } catch (error) {
        state.failure = { error };
        signalGroup(latch.pid, 'SIGKILL');
      }
    });
  }
  return state;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
