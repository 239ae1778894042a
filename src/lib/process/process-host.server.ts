/**
 * Runs engines so that none outlives us. A watcher (one small shell for the server) kills every group left when the
 * server dies in whatever way; a gate (one shell an engine, which becomes the engine) makes sure that the watcher
 * knows the group before its first instruction; a mark in the environment finds what left its group; and a ledger on
 * disk finds, at the next start, what even that missed. Why, and what was measured: docs/adr/011.
 */
import { once } from 'node:events';
import { nanoid } from 'nanoid';
import { SluiceError } from '../protocol/error.ts';
import type { EngineCommand, EngineExit, ProcessHost } from './process-host.ts';
import { endGroup, signalGroup } from './group.server.ts';
import { type Ledger, openLedger } from './ledger.server.ts';
import { type ProcessListener, ProcessObservers, type ProcessRun } from './observe.ts';
import { type Gate, gateComplaint, startGate } from './start.server.ts';
import { climbLadder, DEFAULT_GRACES, type StopGraces } from './stop.ts';
import { killMarked } from './sweep.server.ts';
import { createWatcher, type Watcher } from './watcher.server.ts';

/** ms that pipes may stay open after the engine's exit; what holds them longer has left the group. */
const PIPE_GRACE_MS = 250;
/** Enough for a gate's complaint. */
const COMPLAINT_BYTES = 512;

export interface ProcessHostOptions {
  /** A dir of this server's own, made if missing: it names the engines of all its instances. */
  runDir: string;
  graces?: StopGraces;
}

export interface OwnedProcessHost extends ProcessHost {
  /** `SLUICE_RUN` of every engine begins with this. */
  readonly instance: string;
  /** How many engines of earlier instances were found alive and ended. */
  readonly reaped: number;
  /** The processes that run now. */
  running(): ProcessRun[];
  /** @returns stops it */
  observe(listener: ProcessListener): () => void;
}

/**
 * Ends what earlier instances of this run dir left, then takes commands. Only one host may use a run dir at a time
 * (the data dir's lock sees to that): a second one would end the first one's engines.
 * @throws the file system's own error when the run dir cannot be made or written
 */
export async function createProcessHost(options: ProcessHostOptions): Promise<OwnedProcessHost> {
  const ledger = openLedger(options.runDir);
  const instance = `${ledger.key}-${nanoid(8)}`;
  const reaped = (await ledger.reap()) + (await killMarked((mark) => mark.startsWith(`${ledger.key}-`)));
  const watcher = createWatcher(instance);
  const graces = options.graces ?? DEFAULT_GRACES;
  const running = new Set<Promise<unknown>>();
  const observers = new ProcessObservers();
  const closing = new AbortController();
  let runs = 0;

  return {
    instance,
    reaped,
    run(command) {
      if (closing.signal.aborted) return Promise.reject(new SluiceError('not_ready'));
      const mark = `${instance}.${(runs++).toString(36)}`;
      const run = runOne(command, { mark, ledger, watcher, graces, observers, closing: closing.signal });
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
  graces: StopGraces;
  observers: ProcessObservers;
  closing: AbortSignal;
}

async function runOne(command: EngineCommand, context: RunContext): Promise<EngineExit> {
  const { mark, ledger, watcher, observers } = context;
  command.signal.throwIfAborted();
  const gate = await startGate(command, mark);
  const startedAt = performance.now();
  const exited = exitOf(gate, startedAt);
  const run: ProcessRun = { mark, pid: gate.pid, argv: command.argv, cwd: command.cwd, startedAt };
  observers.started(run);
  const drained = drain(gate, command, run, observers);
  const stopped = new AbortController();
  let exit: EngineExit | null = null;
  try {
    try {
      ledger.add(gate.pid);
      await watcher.add(gate.pid);
      stopOn(command.signal, context, gate, stopped.signal);
      if (!command.signal.aborted && !context.closing.aborted) gate.open();
      await exited;
    } finally {
      stopped.abort();
      // Also when the watcher failed: a gate is a shell that does nothing but wait, and nothing is lost with it.
      if (gate.child.exitCode === null && gate.child.signalCode === null) signalGroup(gate.pid, 'SIGKILL');
    }
    exit = await exited;
    await Promise.race([drained.ended, delay(PIPE_GRACE_MS)]);
    const complaint = gateComplaint(exit.exitCode, drained.complaint());
    if (complaint) throw complaint;
    if (drained.failure !== null) throw drained.failure.error;
    return exit;
  } finally {
    await endGroup(gate.pid);
    // At once: from here on the system may give the pid to somebody else.
    watcher.remove(gate.pid);
    ledger.remove(gate.pid);
    observers.exited(
      run,
      exit ?? { exitCode: null, signal: 'SIGKILL', durationMs: performance.now() - startedAt },
    );
    await killMarked((each) => each === mark);
    drained.stop();
  }
}

async function exitOf({ child }: Gate, startedAt: number): Promise<EngineExit> {
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { exitCode, signal, durationMs: performance.now() - startedAt };
}

/** An abort climbs the ladder; closing the host skips it. Ends with `stopped`. */
function stopOn(
  abort: AbortSignal,
  { closing, graces }: RunContext,
  { pid }: Gate,
  stopped: AbortSignal,
): void {
  const kill = (): void => void signalGroup(pid, 'SIGKILL');
  const ask = (): void => {
    const climbDown = climbLadder((signal) => void signalGroup(pid, signal), graces);
    stopped.addEventListener('abort', climbDown, { once: true });
  };
  closing.addEventListener('abort', kill, { once: true, signal: stopped });
  abort.addEventListener('abort', ask, { once: true, signal: stopped });
  // Stopped while it was still a gate: there is nobody to be polite to.
  if (closing.aborted || abort.aborted) kill();
}

interface Drain {
  /** Both pipes have ended. */
  ended: Promise<unknown>;
  /** The first bytes of stderr. */
  complaint(): string;
  /** What `onChunk` threw; it is called no more, and the engine is killed. */
  failure: { error: unknown } | null;
  /** No chunk is delivered after this. */
  stop(): void;
}

/** Hands chunks on as they arrive and keeps none: 1 GB of output costs no memory here. */
function drain(gate: Gate, command: EngineCommand, run: ProcessRun, observers: ProcessObservers): Drain {
  const pipes = [
    { fd: 1 as const, stream: gate.stdout },
    { fd: 2 as const, stream: gate.stderr },
  ];
  let head = '';
  const state: Drain = {
    ended: Promise.all(pipes.map(({ stream }) => new Promise((resolve) => stream.once('close', resolve)))),
    complaint: () => head,
    failure: null,
    stop: () => {
      for (const { stream } of pipes) stream.removeAllListeners('data').destroy();
    },
  };
  for (const { fd, stream } of pipes) {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      if (fd === 2 && head.length < COMPLAINT_BYTES) head += chunk.toString('latin1', 0, COMPLAINT_BYTES);
      if (state.failure !== null) return;
      if (observers.isWatched) observers.emit({ type: 'output', run, fd, chunk });
      try {
        command.onChunk(fd, chunk);
      } catch (error) {
        state.failure = { error };
        signalGroup(gate.pid, 'SIGKILL');
      }
    });
  }
  return state;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
