/** Asks the running server of a data dir, by its control socket. */
import { connect } from 'node:net';
import { type ErrorView, SluiceError } from '#lib/protocol/error.ts';
import { controlPath, withShortPath } from '../server/control.ts';

/** Nobody listens there: no server runs, or one of an earlier version. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'];

type ControlAnswer<T> = { result: T } | { error: ErrorView };

/**
 * @returns what the server answered; null = no server runs there
 * @throws SluiceError what the server refuses with, `disk_denied` for a socket of another user, `connection_lost`
 */
export async function askServer<T>(dataDir: string, call: string, args: object = {}): Promise<T | null> {
  const text = await exchange(dataDir, JSON.stringify({ call, ...args }));
  if (text === null) return null;
  let answer: ControlAnswer<T>;
  try {
    answer = JSON.parse(text) as ControlAnswer<T>;
  } catch (cause) {
    throw new SluiceError('connection_lost', 'The server ended before it answered.', { cause });
  }
  if ('error' in answer) throw new SluiceError(answer.error.code, answer.error.message);
  return answer.result;
}

/** Whether a server runs there. @throws as `askServer` */
export async function serverRuns(dataDir: string): Promise<boolean> {
  return (await askServer(dataDir, 'hello')) !== null;
}

async function exchange(dataDir: string, line: string): Promise<string | null> {
  try {
    return await withShortPath(controlPath(dataDir), (path) => talk(path, line));
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (NOBODY.includes(code ?? '')) return null;
    if (code === 'EACCES' || code === 'EPERM')
      throw new SluiceError(
        'disk_denied',
        `${dataDir} belongs to another user: run this as the one that runs Sluice.`,
      );
    throw new SluiceError('connection_lost', 'The server ended before it answered.', { cause: thrown });
  }
}

function talk(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path);
    socket
      .setEncoding('utf8')
      .on('connect', () => socket.write(`${line}\n`))
      .on('data', (part: string) => (text += part))
      .on('end', () => resolve(text))
      .on('error', reject);
  });
}
