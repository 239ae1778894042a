/** The time from the command to the line that says where the server listens, and its memory then. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { makePlace, PROJECT, sluiceEnv, startServer } from '../../tests/support/server.ts';
import { waitFor } from '../../tests/support/wait.ts';
import { rssBytesOf } from '../processes.ts';

/** Work of the start after the server is ready has ended by then. */
const SETTLE_MS = 1500;

export interface ServerStart {
  readyMs: number;
  idleRssBytes: number;
  /** After one request for the page. */
  servedRssBytes: number;
}

export async function measureServer(): Promise<ServerStart> {
  const server = await startServer();
  try {
    await delay(SETTLE_MS);
    const idleRssBytes = rssBytesOf(server.pid);
    await (await fetch(server.url)).text();
    return { readyMs: server.readyMs, idleRssBytes, servedRssBytes: rssBytesOf(server.pid) };
  } finally {
    await server.stop();
  }
}

/** `npm start`, including npm's own start, in ms. */
export async function measureNpmStart(): Promise<number> {
  const place = makePlace();
  const startedAt = performance.now();
  const npm = spawn('npm', ['start'], {
    cwd: PROJECT,
    env: { ...sluiceEnv(place, { SLUICE_PORT: '0' }), PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const exited = once(npm, 'exit');
  let output = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await waitFor(() => output.includes('http://127.0.0.1:'), { what: 'npm start to listen' });
    return performance.now() - startedAt;
  } finally {
    // The whole group: killing npm alone would leave the server.
    process.kill(-(npm.pid ?? 0), 'SIGTERM');
    await exited;
    place.remove();
  }
}
