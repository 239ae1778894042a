/** From the command to the line that says where the server listens, and what it then holds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { makePlace, PROJECT, sluiceEnv, startServer } from '../../tests/support/server.ts';
import { waitFor } from '../../tests/support/wait.ts';
import { rssBytesOf } from '../processes.ts';

/** What a start still does after it is ready has come to rest by then. */
const SETTLE_MS = 1500;

export interface ServerStart {
  readyMs: number;
  idleRssBytes: number;
  /** After the page was asked for once. */
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

/** `npm start`, npm's own start included, in ms. */
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
    // npm and what it started: npm alone would leave the server.
    process.kill(-(npm.pid ?? 0), 'SIGTERM');
    await exited;
    place.remove();
  }
}
