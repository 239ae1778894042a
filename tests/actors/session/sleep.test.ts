/** Hibernated sessions with real sockets, through the server's own channel. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { Listeners } from '#lib/protocol/listeners.ts';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { Edge } from '#lib/channel/edge.ts';
import { AllowedOrigins } from '#lib/channel/origin.ts';
import { Files } from '#lib/files/files.server.ts';
import { createChannelEndpoint } from '#lib/channel/socket.server.ts';
import { Tokens } from '#lib/channel/token.ts';
import type { ServerMessage } from '#lib/protocol/channel.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { type Session, testSession } from './harness.ts';
import { anyVisitors, nobodySignsIn } from '../../support/visitors.ts';

const SOCKETS = 500;

/** A client with its own session. */
interface Browser {
  session: string;
  socket: WebSocket;
  heard: ServerMessage[];
}

async function serveChannel(
  s: Session,
): Promise<{ connect: () => Promise<Browser>; close: () => Promise<void> }> {
  const tokens = new Tokens(new Uint8Array(32).fill(1));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const channel = createChannelEndpoint({
    tokens,
    origins: new AllowedOrigins('127.0.0.1', port, []),
    session: (id) => s.host().get<SessionActor>('session', id),
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
  server.on('upgrade', (request, socket, head) => channel.handleUpgrade(request, socket, head));
  return {
    async connect() {
      const { session, token } = tokens.issue();
      const socket = new WebSocket(`ws://127.0.0.1:${port}/api/channel`, 'sluice.v1', {
        headers: { cookie: `sluice_session=${token}` },
      });
      const heard: ServerMessage[] = [];
      socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as ServerMessage));
      await settles(new Promise((resolve) => socket.once('open', resolve)), { what: 'a socket to open' });
      socket.send('{"type":"hello"}');
      return { session, socket, heard };
    },
    async close() {
      await channel.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A pong proves that the server serves the connection, not only the kernel. */
function answersPing({ socket }: Browser): Promise<unknown> {
  const pong = new Promise((resolve) => socket.once('pong', resolve));
  socket.ping();
  return settles(pong, { what: 'a pong' });
}

testSession('500 sockets whose sessions sleep stay open, and one message wakes exactly one', async (s) => {
  const channel = await serveChannel(s);
  const browsers: Browser[] = [];
  for (let n = 0; n < SOCKETS; n += 1) browsers.push(await channel.connect());
  await waitFor(() => browsers.every(({ heard }) => heard.length === 1), { what: 'a snapshot for each' });
  assert.equal(s.stats(), { actors: SOCKETS, live: SOCKETS, sockets: SOCKETS });
  s.clock.increment(10_000);
  assert.equal(s.stats(), { actors: SOCKETS, live: 0, sockets: SOCKETS });

  const woken: string[] = [];
  const stop = s.observe((event) => {
    if (event.type === 'wake') woken.push(event.actor.id);
  });
  await Promise.all(browsers.map(answersPing));
  assert.equal(woken, [], 'a sign of life wakes nobody');

  const one = browsers[123]!;
  one.socket.send('{"type":"command","id":"c1","name":"add","url":"https://example.org/a"}');
  const ack = await waitFor(() => one.heard.find(({ type }) => type === 'ack'), { what: 'the answer' });
  assert.ok(ack);
  assert.equal(woken, [one.session]);
  assert.is(s.stats().live, 1);
  stop();
  await channel.close();
});

test.run();
