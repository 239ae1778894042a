/**
 * A process of its own: how much resident memory a session with a socket takes. argv: `bare` (ws alone),
 * `live` or `evicted`, how many, and whose: `object` (the host's own share) or `session` (Sluice's sessions, with
 * XState). Prints bytes a session.
 *
 * Memory that was used once is rarely given back, so `evicted` puts objects to sleep while others still connect.
 */
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { nanoid } from 'nanoid';
import { SimulatedClock } from 'xstate';
import { createEmbeddedHost, define } from '../../src/lib/actors/durable/host.server.ts';
import { SessionActor } from '../../src/lib/actors/session/session-actor.ts';
import { BenchObject } from './object.ts';

const [mode = 'live', count = '1000', whose = 'object'] = process.argv.slice(2);
const sessions = Number(count);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'));
const clock = new SimulatedClock();
const host = createEmbeddedHost({
  storage: path.join(dir, 'state.db'),
  classes: {
    bench:
      whose === 'session'
        ? define(SessionActor, {
            runner: { send: () => undefined },
            clock: clock as never,
            newId: () => nanoid(12),
            random: Math.random,
            checkUrl: (url) => url,
            checkRoom: () => undefined,
            throttleMs: 200,
            maxActive: 3,
          })
        : define(BenchObject, null),
  },
  clock,
  onError: (error) => {
    throw error;
  },
});

function serve(socket: WebSocket, id: string): void {
  if (mode === 'bare') {
    socket.on('message', (data: Buffer) => {
      socket.send(data.toString());
    });
    return;
  }
  const link = host
    .get('bench', id)
    .connect(socket, whose === 'object' ? { attachment: { epoch: id, seq: 0 } } : {});
  socket.on('message', (data: Buffer) => {
    link.message(data.toString());
  });
  socket.on('close', (code, reason) => {
    link.closed(code, reason.toString(), true);
  });
}

/** After the garbage is gone and what it freed is given back. */
async function residentBytes(): Promise<number> {
  for (let round = 0; round < 5; round += 1) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage.rss();
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (message === word) resolve();
    });
  });
}

const http = createServer();
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 64 * 1024 });
let next = 0;
const hello = whose === 'session' ? JSON.stringify({ type: 'hello' }) : 'hello';
sockets.on('connection', (socket) => {
  serve(socket, `session-${next++}`);
});
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
const { port } = http.address() as AddressInfo;

// A first hundred, so that code and tables are there before it is measured.
const warm = fork(path.join(import.meta.dirname, 'clients.ts'), [String(port), '100', hello]);
await said(warm, 'all heard');
const before = await residentBytes();
const sleep = setInterval(() => {
  if (mode === 'evicted') clock.increment(10_000);
}, 20);
const clients = fork(path.join(import.meta.dirname, 'clients.ts'), [String(port), count, hello]);
await said(clients, 'all heard');
const resident = await residentBytes();
clearInterval(sleep);
const { live: awake } = host.stats();
const planned = { bare: 0, live: sessions + 100, evicted: 0 }[mode];
if (awake !== planned) throw new Error(`${awake} objects are live, not ${planned}`);
console.log((resident - before) / sessions);
for (const client of [warm, clients]) client.kill();
await host.close();
sockets.close();
http.close();
fs.rmSync(dir, { recursive: true });
