import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { Listeners } from '#lib/protocol/listeners.ts';
import type { SocketLink, WireSocket } from '#lib/actors/durable/types.ts';
import type { Edge } from '#lib/channel/edge.ts';
import { AllowedOrigins } from '#lib/channel/origin.ts';
import { Files } from '#lib/files/files.server.ts';
import { createChannelEndpoint } from '#lib/channel/socket.server.ts';
import { Tokens } from '#lib/channel/token.ts';
import { settles, waitFor } from '../support/wait.ts';
import { anyVisitors, nobodySignsIn } from '../support/visitors.ts';

/** A session that only records what it receives, and its socket to send on. */
interface RecordingSession {
  wire: WireSocket;
  received: (string | ArrayBuffer)[];
  closed: number | null;
}

interface Stage {
  server: Server;
  channel: ReturnType<typeof createChannelEndpoint>;
  edge: Edge;
  sessions: RecordingSession[];
  port: number;
  token: string;
  notReady: string[];
}

const test = suite<Stage>('channel server');

test.before.each(async (stage) => {
  const tokens = new Tokens(new Uint8Array(32).fill(1));
  stage.sessions = [];
  stage.notReady = [];
  stage.token = tokens.issue().token;
  stage.server = createServer();
  await new Promise<void>((resolve) => stage.server.listen(0, '127.0.0.1', resolve));
  stage.port = (stage.server.address() as AddressInfo).port;
  const connectSession = (wire: WireSocket): SocketLink => {
    const session: RecordingSession = { wire, received: [], closed: null };
    stage.sessions.push(session);
    return {
      message: (message) => void session.received.push(message),
      closed: (code) => {
        session.closed = code;
      },
    };
  };
  stage.edge = {
    tokens,
    origins: new AllowedOrigins('127.0.0.1', stage.port, []),
    session: () => ({ connect: connectSession }) as unknown as ReturnType<Edge['session']>,
    engines: () => Promise.resolve([]),
    settings: { version: '', settings: [], sandbox: '' },
    visitors: anyVisitors(),
    people: nobodySignsIn(),
    files: new Files('/nowhere'),
    secrets: { seal: () => '', canOpen: () => false },
    inspector: {} as Edge['inspector'],
    storedSessions: {} as Edge['storedSessions'],
    reasonsNotReady: () => stage.notReady,
    withdrawals: new Listeners(),
    isStopping: () => stage.notReady.length > 0,
  };
  open(stage);
});
test.after.each(async ({ server, channel }) => {
  await channel.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(stage: Stage, options?: { heartbeatMs: number }): void {
  const channel = createChannelEndpoint(stage.edge, options);
  stage.channel = channel;
  stage.server.removeAllListeners('upgrade');
  stage.server.on('upgrade', (request, socket, head) => channel.handleUpgrade(request, socket, head));
}

async function client({ port, token }: Stage): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/api/channel`, ['sluice.v1'], {
    headers: { authorization: `Bearer ${token}` },
  });
  ws.on('error', () => undefined);
  await settles(new Promise((resolve) => ws.once('open', resolve)), { what: 'the socket to open' });
  return ws;
}

/** A client that never reads after the handshake. */
async function clientThatNeverReads({ port, token }: Stage): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `GET /api/channel HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n` +
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: sluice.v1\r\n\r\n',
  );
  await settles(new Promise((resolve) => socket.once('data', resolve)), { what: 'the handshake' });
  socket.pause();
  return socket;
}

test('messages of the client reach the session, and those of the session the client', async (stage) => {
  const ws = await client(stage);
  const received: string[] = [];
  ws.on('message', (data: Buffer) => received.push(data.toString()));
  ws.send('hello');
  await waitFor(() => stage.sessions[0]?.received.length === 1, { what: 'the message' });
  assert.equal(stage.sessions[0]?.received, ['hello']);
  stage.sessions[0]?.wire.send('welcome');
  await waitFor(() => received.length === 1, { what: 'the answer' });
  ws.close(1000);
  await waitFor(() => stage.sessions[0]?.closed === 1000, { what: 'the session to see the close' });
});

test('a client that does not read is disconnected, its backlog bounded', async (stage) => {
  const socket = await clientThatNeverReads(stage);
  const session = await waitFor(() => stage.sessions[0], { what: 'the session' });
  const chunk = 'x'.repeat(100_000);
  let most = 0;
  // The kernel's own buffers take some megabytes first.
  for (let n = 0; n < 400 && session.closed === null; n++) {
    session.wire.send(chunk);
    most = Math.max(most, session.wire.bufferedAmount);
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await waitFor(() => session.closed !== null, { what: 'the end of the socket' });
  assert.ok(most < 1024 * 1024 + 2 * chunk.length, `${most} bytes were waiting`);
  socket.destroy();
});

test('a client that answers no ping is disconnected, one that does is kept', async (stage) => {
  open(stage, { heartbeatMs: 50 });
  const [ws, socket] = [await client(stage), await clientThatNeverReads(stage)];
  const gone = await waitFor(() => stage.sessions[1], { what: 'the second session' });
  await waitFor(() => gone.closed !== null, { what: 'the silent client to be disconnected' });
  assert.is(stage.sessions[0]?.closed, null);
  assert.is(ws.readyState, ws.OPEN);
  ws.terminate();
  socket.destroy();
});

test('a flood of messages is delayed, none is lost', async (stage) => {
  const ws = await client(stage);
  for (let n = 0; n < 1100; n++) ws.send(String(n));
  await waitFor(() => stage.sessions[0]?.received.length === 1100, { what: 'all messages' });
  assert.equal(
    stage.sessions[0]?.received,
    Array.from({ length: 1100 }, (_, n) => String(n)),
  );
  ws.terminate();
});

test('a binary message is passed on as one, for the session to refuse', async (stage) => {
  const ws = await client(stage);
  ws.send(Buffer.from('{"type":"hello"}'));
  await waitFor(() => stage.sessions[0]?.received.length === 1, { what: 'the message' });
  assert.instance(stage.sessions[0]?.received[0], ArrayBuffer);
  ws.terminate();
});

test('a server that is stopping refuses new sockets with 503 and closes open ones with 1012', async (stage) => {
  const ws = await client(stage);
  const code = new Promise<number>((resolve) => ws.once('close', resolve));
  stage.notReady.push('Sluice is stopping.');
  const late = new WebSocket(`ws://127.0.0.1:${stage.port}/api/channel`, ['sluice.v1'], {
    headers: { authorization: `Bearer ${stage.token}` },
  });
  const refusal = await settles(new Promise<Error>((resolve) => late.once('error', resolve)));
  assert.match(refusal.message, /503/);
  await stage.channel.close();
  assert.is(await settles(code, { what: 'the close frame' }), 1012);
});

test.run();
