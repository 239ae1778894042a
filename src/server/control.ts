/**
 * The control socket, `DATA_DIR/run/control`: what a command on this machine asks of the running server. Only the user that
 * runs the server may connect. One JSON line each way: `{"call", …arguments}`, answered by `{"result"}` or `{"error"}`.
 */
import { chmodSync, closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseJson } from '#lib/protocol/commands.ts';
import { SluiceError, toSluiceError } from '#lib/protocol/error.ts';
import { changeSecrets } from './control-secrets.ts';
import type { Logger } from './log.ts';
import type { Sluice } from './sluice.ts';
import { checkEverything } from './store-report.ts';
import { VERSION } from './version.ts';

type Arguments = Record<string, unknown>;

/** What can be asked. A new call is one more line. */
export type ControlCalls = Record<string, (args: Arguments) => Promise<unknown>>;

/** A path of a socket has room for so many bytes on Linux, with the zero at its end 108. */
const PATH_BYTES = 107;
/** A line is a call with a path in it. */
const LINE_BYTES = 16_384;

export function controlCalls(sluice: Sluice): ControlCalls {
  const { config, store } = sluice;
  return {
    secrets: (args) => changeSecrets(sluice, args),
    hello: async () => ({ version: VERSION }),
    check: async () => checkEverything(config, await store.check()),
    backup: async ({ file }) => {
      if (typeof file !== 'string') throw new SluiceError('invalid_request', 'backup needs a file.');
      await store.backup(file);
      return { file };
    },
  };
}

export interface Control {
  close(): void;
}

/** Where it cannot be made the server does without, and says so in the log. The lock on the store has to be held. */
export async function openControl(dataDir: string, calls: ControlCalls, log: Logger): Promise<Control> {
  const path = controlPath(dataDir);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    serve(socket, calls);
  });
  try {
    mkdirSync(join(dataDir, 'run'), { recursive: true, mode: 0o700 });
    // Left by a server that was killed: the lock says that there is none now.
    rmSync(path, { force: true });
    await listen(server, path);
    chmodSync(path, 0o600);
  } catch (error) {
    log.warn('there is no control socket: sluice store cannot reach this server', { path, error });
  }
  return {
    close() {
      // Removes the socket's file, too.
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export function controlPath(dataDir: string): string {
  return join(dataDir, 'run', 'control');
}

/**
 * Calls `use` with a path of the socket that is short enough: on Linux a long one goes by its folder's descriptor.
 * @throws the file system's own error where there is no such folder
 */
export async function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= PATH_BYTES || process.platform !== 'linux') return use(path);
  const folder = openSync(join(path, '..'), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await use(`/proc/self/fd/${folder}/control`);
  } finally {
    closeSync(folder);
  }
}

function listen(server: ReturnType<typeof createServer>, path: string): Promise<void> {
  return withShortPath(
    path,
    (short) =>
      new Promise((resolve, reject) => {
        // Others must not get in before the mode is set.
        const before = process.umask(0o177);
        server.once('error', reject).listen(short, () => resolve());
        process.umask(before);
      }),
  );
}

function serve(socket: Socket, calls: ControlCalls): void {
  let read = 0;
  socket.on('data', ({ length }) => {
    read += length;
    if (read > LINE_BYTES) socket.destroy();
  });
  createInterface({ input: socket }).once('line', (line) => {
    void answer(line, calls).then((text) => socket.end(`${text}\n`));
  });
}

async function answer(line: string, calls: ControlCalls): Promise<string> {
  try {
    const { call, ...args } = Object(parseJson(line)) as Arguments;
    const run = typeof call === 'string' && Object.hasOwn(calls, call) ? calls[call] : undefined;
    if (run === undefined) throw new SluiceError('not_found', `There is no call ${JSON.stringify(call)}.`);
    return JSON.stringify({ result: await run(args) });
  } catch (error) {
    return JSON.stringify({ error: toSluiceError(error).view });
  }
}
