/** Starts an engine behind its latch. */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import type { EngineCommand } from './process-host.ts';
import { withoutInherited } from './inherited-fds.server.ts';
import { findProgram } from './find-program.server.ts';
import { programText } from './program-text.server.ts';
import { RUN_MARK } from './run-mark.server.ts';

const LATCH = programText('latch.sh', import.meta.url);
/** $0 of the latch: tells its own errors ("sluice-latch: 1: exec: … not found") from an engine's. */
const LATCH_NAME = 'sluice-latch';

/** A shell that waits and then becomes the engine; `pid` is also its group. */
export interface Latch {
  child: ChildProcess;
  pid: number;
  stdout: Readable;
  stderr: Readable;
  /** The shell becomes the engine. */
  open(): void;
}

/**
 * @throws SluiceError `engine_missing` when the program is not found, `disk_missing` when the dir is gone,
 * `engine_exit` when the system cannot start it (E2BIG, EAGAIN, EMFILE …)
 */
export async function startLatch(command: EngineCommand, mark: string): Promise<Latch> {
  const [name = '', ...args] = command.argv;
  const program = findProgram(name, command.env['PATH']);
  if (program === null) throw new SluiceError('engine_missing', `There is no program ${shorten(name)}.`);
  const child = spawnLatch([program, ...args], command, mark);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(toStartError(cause, command.cwd)));
  });
  const goLine = child.stdio[3] as Writable;
  // EPIPE: killed before it read the line. Its exit is reported anyway.
  goLine.on('error', () => undefined);
  return {
    child,
    pid: child.pid as number,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    open: () => void goLine.end('go\n'),
  };
}

/** The error of a latch whose exec failed; null when the output is the engine's. */
export function latchError(exitCode: number | null, stderrHead: string): SluiceError | null {
  if ((exitCode !== 126 && exitCode !== 127) || !stderrHead.startsWith(`${LATCH_NAME}:`)) return null;
  const code = exitCode === 127 ? 'engine_missing' : 'engine_exit';
  const reason = stderrHead.split('\n')[0]?.replace(/^.*exec: /, '') ?? '';
  return new SluiceError(code, `The engine could not be started: ${shorten(reason)}`, { transient: false });
}

function spawnLatch(argv: string[], { cwd, env }: EngineCommand, mark: string): ChildProcess {
  try {
    return spawn('/bin/sh', ['-c', LATCH, LATCH_NAME, ...argv], {
      // A session of its own has no controlling terminal: lux's records are 100 bytes wherever Sluice was started.
      detached: true,
      stdio: withoutInherited(['ignore', 'pipe', 'pipe', 'pipe']),
      cwd,
      env: { ...env, [RUN_MARK]: mark },
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
