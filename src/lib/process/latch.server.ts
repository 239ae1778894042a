/** Starts an engine behind its latch, and in its sandbox. */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import type { Outlet } from './process-host.ts';
import { stdioWithoutInherited } from './inherited-fds.server.ts';
import { findProgram } from './find-program.server.ts';
import { programText } from './program-text.server.ts';
import { RUN_MARK } from './run-mark.server.ts';
import { type Contained, contain, FILTER_FD, STATUS_FD } from './sandbox/contained.server.ts';
import { type FirstProcess, firstProcess } from './sandbox/first-process.server.ts';
import type { RunLimits, Sandbox } from './sandbox/sandbox.ts';

const LATCH = programText('latch.sh', import.meta.url);
/** $0 of the latch: distinguishes its own errors ("sluice-latch: 1: exec: … not found") from an engine's. */
const LATCH_NAME = 'sluice-latch';

interface LatchCommand {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  reads: readonly string[];
  /** Files in `cwd` that it may only read. */
  kept: readonly string[];
  /** Its standard input; null = none. */
  input: string | null;
  outlet: Outlet | null;
  limits: RunLimits;
  /** null = none. */
  sandbox: Sandbox | null;
}

/** A shell that waits and then becomes the engine, or its sandbox; `pid` is also its group. */
export interface Latch {
  child: ChildProcess;
  pid: number;
  /** The first process of the sandbox, whose end is the end of all in it; null = there is none, or none yet. */
  first: () => FirstProcess | null;
  stdout: Readable;
  stderr: Readable;
  /** To be called when the run has ended. */
  closeNetwork: () => void;
  /** The shell becomes the engine. */
  open(): void;
}

/**
 * @throws SluiceError `engine_missing` when the program is not found, `disk_missing` when the dir is gone,
 * `engine_exit` when the system cannot start it (E2BIG, EAGAIN, EMFILE …)
 */
export async function startLatch(command: LatchCommand, mark: string): Promise<Latch> {
  const [name = '', ...args] = command.argv;
  const program = findProgram(name, command.env['PATH']);
  if (program === null) throw new SluiceError('engine_missing', `There is no program ${shorten(name)}.`);
  const contained = contain(command.sandbox, { ...command, argv: [program, ...args] });
  const child = spawnLatch(contained, command, mark);
  const closeNetwork = contained.handsOver ? serveListener(child, command.outlet as Outlet) : () => undefined;
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(toStartError(cause, command.cwd)));
  });
  const goLine = child.stdio[3] as Writable;
  const filter = (child.stdio as readonly (Writable | null | undefined)[])[FILTER_FD];
  // EPIPE: killed before it read the line. Its exit is reported anyway.
  for (const stream of [goLine, filter, child.stdin]) stream?.on('error', () => undefined);
  child.stdin?.end(command.input);
  filter?.end(contained.filter);
  return {
    child,
    pid: child.pid as number,
    first: firstProcess((child.stdio as readonly (Readable | null | undefined)[])[STATUS_FD]),
    closeNetwork,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    open: () => void goLine.end('go\n'),
  };
}

/**
 * The listener of the run's own network goes to the guard; there is nothing else to be said on that channel.
 * @returns closes it, also one that arrives later: it would keep the network of a run that has ended
 */
function serveListener(child: ChildProcess, outlet: Outlet): () => void {
  let received: Server | null = null;
  let isOver = false;
  child.once('message', (_, listener) => {
    if (child.connected) child.disconnect();
    if (!(listener instanceof Server)) return;
    received = listener;
    if (isOver) received.close();
    else outlet.serve(received);
  });
  return () => {
    isOver = true;
    received?.close();
  };
}

/** The error of a latch whose exec failed, or of its sandbox; null when the output is the engine's. */
export function latchError(exitCode: number | null, stderrHead: string): SluiceError | null {
  const sandboxWords = /^(?:bwrap|sluice-sandbox): (.*)/.exec(stderrHead)?.[1];
  if (exitCode === 1 && sandboxWords !== undefined) {
    return new SluiceError('engine_exit', `The engine's sandbox could not be made: ${shorten(sandboxWords)}`);
  }
  if ((exitCode !== 126 && exitCode !== 127) || !stderrHead.startsWith(`${LATCH_NAME}:`)) return null;
  const code = exitCode === 127 ? 'engine_missing' : 'engine_exit';
  const reason = stderrHead.split('\n')[0]?.replace(/^.*exec: /, '') ?? '';
  return new SluiceError(code, `The engine could not be started: ${shorten(reason)}`, { transient: false });
}

function spawnLatch(
  contained: Contained,
  { cwd, env, input, limits, sandbox }: LatchCommand,
  mark: string,
): ChildProcess {
  const fileBlocks = String(Math.ceil(limits.fileBytes / 512));
  const isFull = sandbox?.level === 'full';
  const more = isFull ? ([contained.handsOver ? 'ipc' : 'ignore', 'pipe', 'pipe'] as const) : [];
  try {
    return spawn('/bin/sh', ['-c', LATCH, LATCH_NAME, fileBlocks, ...contained.argv], {
      // A session of its own has no controlling terminal: lux's records are 100 bytes wherever Sluice was started.
      detached: true,
      stdio: stdioWithoutInherited([input === null ? 'ignore' : 'pipe', 'pipe', 'pipe', 'pipe', ...more]),
      cwd,
      env: { ...env, ...contained.env, [RUN_MARK]: mark },
    });
  } catch (thrown) {
    // E2BIG and the like are thrown; ENOENT and EAGAIN are emitted.
    throw toStartError(thrown, cwd);
  }
}

function toStartError(cause: unknown, cwd: string): SluiceError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'an unknown error';
  if (errno === 'ENOENT' && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return new SluiceError('disk_missing', 'The folder to work in is gone.', { cause });
  }
  // Having too many processes or files is temporary; too long an argument is not.
  const transient = errno === 'EAGAIN' || errno === 'EMFILE' || errno === 'ENFILE' || errno === 'ENOMEM';
  return new SluiceError('engine_exit', `The engine could not be started (${errno}).`, { cause, transient });
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
