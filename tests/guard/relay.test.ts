import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { type GuardProxy, startProxy } from '#lib/guard/proxy.server.ts';
import { Relay, spareBuffers } from '#lib/guard/relay.server.ts';
import { SpareBuffers } from '#lib/guard/spare-buffers.ts';
import { settles, waitFor } from '../support/wait.ts';

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function listening(onConnection: (socket: Socket) => void, allowHalfOpen = false): Promise<Server> {
  const server = createServer({ allowHalfOpen }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

interface Fixture {
  proxy: GuardProxy;
  /** A listener as a sandbox hands it over. */
  handed: Server;
  /** A tunnel to the origin through the handed listener; what the head was followed by comes as data. */
  tunnel: () => Promise<Socket>;
}

async function withTunnel(
  onConnection: (socket: Socket) => void,
  body: (fixture: Fixture) => Promise<void>,
  allowHalfOpen = false,
): Promise<void> {
  const origin = await listening(onConnection, allowHalfOpen);
  const guard = createGuard({ allowPrivate: parseAllowPrivate(`127.0.0.1:${portOf(origin)}`) });
  const proxy = await startProxy({ guard, listens: false });
  const handed = createServer();
  handed.listen(0, '127.0.0.1');
  await once(handed, 'listening');
  proxy.outletFor('job').serve(handed);
  const clients: Socket[] = [];
  const tunnel = async (): Promise<Socket> => {
    const client = connect({ port: portOf(handed), host: '127.0.0.1', allowHalfOpen: true });
    clients.push(client);
    client.on('error', () => undefined);
    client.write(`CONNECT 127.0.0.1:${portOf(origin)} HTTP/1.1\r\n\r\n`);
    await once(client, 'readable');
    const head = client.read() as Buffer;
    const end = head.indexOf('\r\n\r\n') + 4;
    assert.match(head.toString('latin1', 0, end), / 200 /);
    if (end < head.length) client.unshift(head.subarray(end));
    return client;
  };
  try {
    await body({ proxy, handed, tunnel });
  } finally {
    for (const client of clients) client.destroy();
    await settles(proxy.close());
    await settles(new Promise((resolve) => origin.close(resolve)));
  }
}

test('every byte arrives, also with a client that reads slowly, and many tunnels share the buffers', async () => {
  const bytes = randomBytes(8 * 1024 * 1024 + 17);
  await withTunnel(
    (socket) => socket.end(bytes),
    async ({ tunnel }) => {
      const read = async (isSlow: boolean): Promise<string> => {
        const client = await tunnel();
        const chunks: Buffer[] = [];
        for await (const chunk of client) {
          chunks.push(chunk as Buffer);
          if (isSlow) await new Promise((resolve) => setImmediate(resolve));
        }
        return hashOf(Buffer.concat(chunks));
      };
      const hashes = await settles(Promise.all(Array.from({ length: 12 }, (_, i) => read(i % 2 === 0))), {
        deadlineMs: 60_000,
      });
      assert.equal(new Set(hashes), new Set([hashOf(bytes)]));
    },
  );
});

test('both ends may be ended one after the other', () =>
  withTunnel(
    (socket) => {
      let asked = '';
      socket.on('data', (chunk: Buffer) => (asked += chunk.toString()));
      socket.on('end', () => socket.end(`got ${asked}`));
    },
    async ({ tunnel }) => {
      const client = await tunnel();
      client.end('a question');
      let answer = '';
      for await (const chunk of client) answer += String(chunk);
      assert.is(answer, 'got a question');
    },
    true,
  ));

test('a connection that breaks is no end', () =>
  withTunnel(
    (socket) => {
      socket.write('begun');
      socket.once('data', () => socket.resetAndDestroy());
    },
    async ({ tunnel }) => {
      const client = await tunnel();
      await once(client, 'readable');
      assert.is(String(client.read()), 'begun');
      client.write('x');
      const reset = new Promise<NodeJS.ErrnoException>((resolve) => client.once('error', resolve));
      client.resume();
      assert.is((await settles(reset)).code, 'ECONNRESET');
    },
  ));

test('a listener belongs to one job, without a password, and ends with it', () =>
  withTunnel(
    (socket) => socket.write('x'),
    async ({ proxy, handed, tunnel }) => {
      const client = connect(portOf(handed), '127.0.0.1');
      client.end('CONNECT 10.0.0.1:80 HTTP/1.1\r\n\r\n');
      let answer = '';
      for await (const chunk of client) answer += String(chunk);
      assert.match(answer, ' 403 address_refused');
      assert.is(proxy.refused('job'), '10.0.0.1');
      assert.is(proxy.refused('other'), null);
      const open = await tunnel();
      const closed = once(open.resume(), 'end');
      proxy.forget('job');
      await settles(closed);
      await waitFor(() => !handed.listening, { what: 'the end of the listener' });
    },
  ));

test('so many buffers are kept for the next tunnels, and no more', () => {
  const spare = new SpareBuffers(16, 2);
  const [first, second, third] = [spare.take(), spare.take(), spare.take()];
  assert.equal([first.length, spare.count], [16, 0]);
  for (const buffer of [first, second, third]) spare.giveBack(buffer);
  assert.is(spare.count, 2);
  assert.is(spare.take(), second);
  assert.is(spare.take(), first);
});

for (const isFull of [false, true])
  test(`the buffer of a tunnel that ends ${isFull ? 'is not used again while the kernel reads from it' : 'is used again'}`, async () => {
    const others: Socket[] = [];
    // The other end reads nothing.
    const server = await listening((socket) => void others.push(socket.pause()));
    const client = connect(portOf(server), '127.0.0.1');
    await once(client, 'connect');
    while (spareBuffers.count > 0) spareBuffers.take();
    const relay = new Relay(client);
    const upstream = new Socket();
    relay.begin(upstream);
    const { onread } = relay;
    const bytes = (onread.buffer as () => Uint8Array)();
    assert.is((onread.buffer as () => Uint8Array)(), bytes);
    assert.ok(onread.callback(17, bytes));
    if (isFull) while (onread.callback(bytes.length, bytes));
    const closed = [once(client, 'close'), once(upstream, 'close')];
    upstream.destroy();
    await settles(Promise.all(closed));
    assert.is(spareBuffers.count, isFull ? 0 : 1);
    assert.not.ok(onread.callback(17, bytes), 'there is nobody to pass it on to');
    for (const socket of others) socket.destroy();
    await settles(new Promise((resolve) => server.close(resolve)));
  });

test.run();
