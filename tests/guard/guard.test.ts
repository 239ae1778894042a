import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createServer, type AddressInfo } from 'node:net';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { startSite } from '../site/site.ts';
import { tlsMissing } from '../site/tls.ts';
import { testUnless } from '../support/skip.ts';
import { settles } from '../support/wait.ts';

async function listen(): Promise<{ port: number; hits: () => number; close: () => Promise<void> }> {
  let hits = 0;
  const server = createServer((socket) => {
    hits++;
    socket.on('error', () => {});
    socket.resume();
    socket.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, hits: () => hits, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await settles(promise);
    return 'none';
  } catch (error) {
    return error instanceof SluiceError ? error.code : String(error);
  }
}

const allowed = parseAllowPrivate('127.0.0.1');

test('IP literals in every spelling are refused, and nothing is dialled', async () => {
  const server = await listen();
  const guard = createGuard();
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '::1',
    'localhost',
    '0.0.0.0',
  ]) {
    assert.is(await codeOf(guard.connect({ host, port: server.port })), 'address_refused', host);
  }
  assert.is(server.hits(), 0);
  await server.close();
});

test('an allowed address is reached by literal and by name', async () => {
  const server = await listen();
  const guard = createGuard({ allowPrivate: allowed });
  for (const host of ['127.0.0.1', '0x7f.1', 'localhost']) {
    const socket = await settles(guard.connect({ host, port: server.port }));
    assert.is(socket.remoteAddress, '127.0.0.1');
    socket.destroy();
  }
  await server.close();
});

test('a name that resolves to public first and private later is checked each time', async () => {
  const answers = [['203.0.113.9'], ['127.0.0.1'], ['10.0.0.1', '169.254.169.254']];
  const guard = createGuard({ resolve: () => Promise.resolve(answers.shift() ?? []) });
  for (let i = 0; i < 3; i++) {
    assert.is(await codeOf(guard.connect({ host: 'rebind.example', port: 80 })), 'address_refused');
  }
});

test('of mixed addresses only the allowed ones are dialled', async () => {
  const server = await listen();
  const guard = createGuard({
    allowPrivate: allowed,
    resolve: () => Promise.resolve(['10.255.255.1', '127.0.0.1', '::1']),
  });
  const socket = await settles(guard.connect({ host: 'mixed.example', port: server.port }));
  assert.is(socket.remoteAddress, '127.0.0.1');
  socket.destroy();
  await server.close();
});

test('a dead first address does not fail the connection', async () => {
  const server = await listen();
  const guard = createGuard({
    allowPrivate: parseAllowPrivate('127.0.0.0/8'),
    resolve: () => Promise.resolve(['127.9.9.9', '127.0.0.1']),
  });
  const socket = await settles(guard.connect({ host: 'two.example', port: server.port }));
  assert.is(socket.remoteAddress, '127.0.0.1');
  socket.destroy();
  await server.close();
});

test('names that cannot be found are dns_failed, closed ports connect_failed', async () => {
  const guard = createGuard({
    allowPrivate: allowed,
    resolve: (host) =>
      host === 'none.example' ? Promise.resolve([]) : Promise.reject(new Error('ENOTFOUND')),
  });
  assert.is(await codeOf(guard.connect({ host: 'none.example', port: 80 })), 'dns_failed');
  assert.is(await codeOf(guard.connect({ host: 'gone.example', port: 80 })), 'dns_failed');
  const server = await listen();
  await server.close();
  assert.is(await codeOf(guard.connect({ host: '127.0.0.1', port: server.port })), 'connect_failed');
  assert.is(await codeOf(guard.connect({ host: 'a b', port: 80 })), 'invalid_url');
});

test('an abort ends a hanging resolver and a hanging connect with its reason', async () => {
  const reason = new Error('stop');
  const hang = createGuard({ resolve: () => new Promise(() => {}) });
  const first = new AbortController();
  const waiting = hang.connect({ host: 'slow.example', port: 80, signal: first.signal });
  first.abort(reason);
  assert.is(await settles(waiting.catch((e: unknown) => e)), reason);
  assert.is(
    await hang.connect({ host: 'x.example', port: 80, signal: first.signal }).catch((e: unknown) => e),
    reason,
  );
});

test('a server that accepts and sends nothing is a timeout of the handshake', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const guard = createGuard({ allowPrivate: allowed, connectTimeoutMs: 50 });
  assert.is(await codeOf(guard.connect({ host: '127.0.0.1', port, tls: true })), 'timeout');
  await new Promise((resolve) => server.close(resolve));
});

test('a port that is none is refused, whatever the host', async () => {
  const guard = createGuard({ allowPrivate: allowed });
  for (const port of [0, -1, 65_536, NaN])
    assert.is(await codeOf(guard.connect({ host: '127.0.0.1', port })), 'invalid_url', String(port));
});

test('a server that speaks no TLS is tls_failed, with what was wrong', async () => {
  const server = await listen();
  const guard = createGuard({ allowPrivate: allowed });
  const target = { host: '127.0.0.1', port: server.port, tls: true };
  assert.is(await codeOf(guard.connect(target)), 'tls_failed');
  const { message } = await guard.connect(target).then(
    () => new Error('none'),
    (thrown: Error) => thrown,
  );
  assert.match(message, /^The secure connection to 127\.0\.0\.1 failed: \S[^\n]*\.$/);
  await server.close();
});

testUnless(
  test,
  tlsMissing,
  'with TLS the certificate is checked for the name, or the address in any spelling',
  async () => {
    const secure = await startSite({ tls: true });
    const port = Number(new URL(secure.url).port);
    const guard = createGuard({
      allowPrivate: allowed,
      ca: secure.ca,
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    for (const target of [
      { host: '127.0.0.1' },
      { host: '0x7f.1' },
      { host: 'localhost' },
      { host: 'a.example', servername: 'localhost' },
    ]) {
      const abort = new AbortController();
      const socket = await settles(guard.connect({ ...target, port, tls: true, signal: abort.signal }));
      // The signal was for the dial.
      abort.abort();
      assert.not(socket.destroyed, target.host);
      assert.is(socket.listenerCount('secureConnect'), 0);
      socket.destroy();
    }
    assert.is(await codeOf(guard.connect({ host: 'a.example', port, tls: true })), 'tls_failed');
    await secure.close();
  },
);

test.run();
