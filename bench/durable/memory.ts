/**
 * A child process, started as the server is: how much memory a session with a socket takes. Real sockets from
 * another process through the server's channel code, each with its own session. argv: how many, and of which kind:
 * `session` (Sluice's), `object` (a small class: only the host and the channel) or `ws` (only that library).
 *
 * One process measures all states: all live, all asleep, all woken by a message, all asleep again. Memory that was
 * used once is rarely returned, so each figure includes what came before.
 */
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { nanoid } from 'nanoid';
import { WebSocketServer } from 'ws';
import { SimulatedClock } from 'xstate';
import { Listeners } from '../../src/lib/protocol/listeners.ts';
import { createEmbeddedHost, define, type EmbeddedHost } from '../../src/lib/actors/durable/host.server.ts';
import type { SessionEnv } from '../../src/lib/actors/session/env.ts';
import { SessionActor } from '../../src/lib/actors/session/session-actor.ts';
import type { Edge } from '../../src/lib/channel/edge.ts';
import { AllowedOrigins } from '../../src/lib/channel/origin.ts';
import { Files } from '../../src/lib/files/files.server.ts';
import { createChannelEndpoint } from '../../src/lib/channel/socket.server.ts';
import { Tokens } from '../../src/lib/channel/token.ts';
import { BenchObject } from './object.ts';
import { anyVisitors, nobodySignsIn } from '../../tests/support/visitors.ts';

const [count = '1000', whose = 'object'] = process.argv.slice(2);
const sessions = Number(count);
/** A warm-up before the measurement, which loads code and tables. */
const WARM = 100;
/** The host's idle time, after which an object is evicted. */
const IDLE_MS = 10_000;

/** Bytes per session. */
export interface Footprint {
  residentBytes: number;
  heapBytes: number;
}

/** Stopped while they connect, so that all are live at once. */
const clock = new SimulatedClock();
const tokens = new Tokens(Buffer.alloc(32, 1));
const sessionEnv: SessionEnv = {
  runner: { send: () => undefined },
  clock: clock as never,
  newId: () => nanoid(12),
  random: Math.random,
  checkUrl: (url) => url,
  checkRoom: () => undefined,
  throttleMs: 200,
  maxActive: 3,
};

function createHost(dir: string): EmbeddedHost {
  return createEmbeddedHost({
    storage: path.join(dir, 'state.db'),
    classes: {
      session: whose === 'session' ? define(SessionActor, sessionEnv) : define(BenchObject, null),
    },
    clock,
    onError: (error) => {
      throw error;
    },
  });
}

/** As in src/server/server.ts. */
function serveChannel(server: Server, port: number, host: EmbeddedHost): void {
  const channel = createChannelEndpoint({
    tokens,
    origins: new AllowedOrigins('127.0.0.1', port, []),
    session: (id) => host.get<SessionActor>('session', id),
    engines: () => Promise.resolve([]),
    settings: { version: '', settings: [], sandbox: '' },
    visitors: anyVisitors(),
    people: nobodySignsIn(),
    files: new Files('/nowhere'),
    secrets: { seal: () => '', canOpen: () => false },
    inspector: {} as Edge['inspector'],
    storedSessions: {} as Edge['storedSessions'],
    reasonsNotReady: () => [],
    withdrawals: new Listeners(),
    isStopping: () => false,
  });
  server.on('upgrade', (request, socket, head) => {
    channel.handleUpgrade(request, socket, head);
  });
}

function serveEcho(server: Server): void {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      socket.send(data.toString());
    });
  });
}

function waitForWord(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if (message !== word) return;
      child.off('message', listen);
      resolve();
    };
    child.on('message', listen);
  });
}

async function sendAndWait(child: ChildProcess, message: string[] | 'again'): Promise<void> {
  const answered = waitForWord(child, 'all heard');
  child.send(message);
  await answered;
}

async function connect(port: number, many: number): Promise<ChildProcess> {
  const hello = whose === 'session' ? JSON.stringify({ type: 'hello' }) : 'hello';
  const child = fork(path.join(import.meta.dirname, 'clients.ts'), [String(port), hello], { execArgv: [] });
  await waitForWord(child, 'ready');
  const issued = Array.from({ length: many }, () => tokens.issue().token);
  await sendAndWait(child, issued);
  return child;
}

/** Measures after garbage collection. */
async function measure(): Promise<Footprint> {
  for (let round = 0; round < 5; round += 1) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { residentBytes: rss, heapBytes: heapUsed };
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'));
const host = createHost(dir);
const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
if (whose === 'ws') serveEcho(server);
else serveChannel(server, port, host);

const clients = [await connect(port, WARM)];
const before = await measure();

async function each(planned: { live: number }): Promise<Footprint> {
  const { live, sockets } = host.stats();
  const open = whose === 'ws' ? 0 : sessions + WARM;
  if (live !== planned.live || sockets !== open) throw new Error(`${live} live, ${sockets} sockets`);
  const { residentBytes, heapBytes } = await measure();
  return {
    residentBytes: (residentBytes - before.residentBytes) / sessions,
    heapBytes: (heapBytes - before.heapBytes) / sessions,
  };
}

const crowd = await connect(port, sessions);
clients.push(crowd);
const footprints: Record<string, Footprint> = {};
if (whose === 'ws') footprints['open'] = await each({ live: 0 });
else {
  footprints['live'] = await each({ live: sessions + WARM });
  clock.increment(IDLE_MS);
  footprints['evicted'] = await each({ live: 0 });
  await sendAndWait(crowd, 'again');
  footprints['woken'] = await each({ live: sessions });
  clock.increment(IDLE_MS);
  footprints['evictedAgain'] = await each({ live: 0 });
}
console.log(JSON.stringify(footprints));
for (const child of clients) child.kill();
fs.rmSync(dir, { recursive: true });
// Closing ten thousand sockets in good order is not what is measured.
process.exit(0);
