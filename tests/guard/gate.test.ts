/** What the guard asks before it dials, and what it reports of how that went. */
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { obstacleOfDials, obstacleOfName } from '#lib/guard/obstacle.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { createProbe } from '#lib/guard/probe.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { AwayError, type DialGate, UnreachableError } from '#lib/protocol/unreachable.ts';

const allowPrivate = parseAllowPrivate('127.0.0.0/8,198.51.100.0/24');

class NotedGate implements DialGate {
  readonly said: string[] = [];
  away: string | null = null;

  refusal(host: string): AwayError | null {
    if (host !== this.away) return null;
    return new AwayError('host_away', 'Away.', { since: 0, host }, { retryAfterMs: 5 });
  }
  resolved(name: string): void {
    this.said.push(`resolved ${name}`);
  }
  answered(host: string): void {
    this.said.push(`answered ${host}`);
  }
  failed({ host, obstacle, isConnected }: Parameters<DialGate['failed']>[0]): void {
    this.said.push(`failed ${host} ${obstacle}${isConnected ? ' connected' : ''}`);
  }
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const coded = (code: string): Error => Object.assign(new Error(code), { code });

test('an answer, a refusal and a name that is not found are reported, by host and port', async () => {
  const gate = new NotedGate();
  const guard = createGuard({
    allowPrivate,
    gate,
    resolve: (name) =>
      name === 'here.example' ? Promise.resolve(['127.0.0.1']) : Promise.reject(coded('ENOTFOUND')),
  });
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = await guard.connect({ host: 'here.example', port });
  const closed = await closedPort();
  const refused = (await guard
    .connect({ host: '127.0.0.1', port: closed })
    .catch((e: unknown) => e)) as UnreachableError;
  assert.instance(refused, UnreachableError);
  assert.equal([refused.code, refused.unreachable.obstacle], ['connect_failed', 'refused']);
  await guard.connect({ host: 'gone.example', port: 80 }).catch(() => undefined);
  assert.equal(gate.said, [
    'resolved here.example',
    `answered here.example:${port}`,
    `failed 127.0.0.1:${closed} refused`,
    'failed gone.example:80 no_name',
  ]);
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('a host that refuses while another connection to it is open is reported as such, until that is closed', async () => {
  const gate = new NotedGate();
  const guard = createGuard({ allowPrivate, gate });
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target = { host: '127.0.0.1', port };
  const socket = await guard.connect(target);
  server.close();
  await guard.connect(target).catch(() => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.destroy();
  await closed;
  await guard.connect(target).catch(() => undefined);
  assert.equal(gate.said.slice(1), [
    `failed 127.0.0.1:${port} refused connected`,
    `failed 127.0.0.1:${port} refused`,
  ]);
});

test('what is away is neither resolved nor dialled, but by a probe', async () => {
  const gate = new NotedGate();
  let lookUps = 0;
  const guard = createGuard({
    allowPrivate,
    gate,
    resolve: () => (lookUps++, Promise.resolve(['127.0.0.1'])),
  });
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host = `nas.example:${port}`;
  gate.away = host;
  const refusal = (await guard.connect({ host: 'nas.example', port }).then(
    () => null,
    (e: unknown) => e,
  )) as SluiceError;
  assert.is(refusal.code, 'host_away');
  assert.equal([lookUps, gate.said], [0, []]);
  await createProbe(guard)(host, AbortSignal.timeout(5_000));
  assert.equal(gate.said, ['resolved nas.example', `answered ${host}`]);
  await new Promise((resolve) => server.close(resolve));
});

test('a dial that is aborted says nothing of the host', async () => {
  const gate = new NotedGate();
  const guard = createGuard({ allowPrivate, gate, resolve: () => new Promise(() => undefined) });
  const stop = new AbortController();
  const dialling = guard.connect({ host: 'slow.example', port: 80, signal: stop.signal });
  stop.abort(new Error('stop'));
  await dialling.catch(() => undefined);
  assert.equal(gate.said, []);
});

test('no way to any address is no route; one that refuses was reached, and a silent one may have been', () => {
  assert.is(obstacleOfDials([coded('ENETUNREACH'), coded('EHOSTUNREACH')]), 'no_route');
  assert.is(obstacleOfDials([coded('ECONNREFUSED'), coded('ENETUNREACH')]), 'refused');
  assert.is(obstacleOfDials([coded('ETIMEDOUT'), coded('ENETUNREACH')]), 'timed_out');
  assert.is(obstacleOfDials([coded('ETIMEDOUT')]), 'timed_out');
  assert.is(obstacleOfDials([coded('ECONNRESET')]), 'refused');
});

test('a name server that answers knows no such name; one that does not is no answer', () => {
  for (const code of ['ENOTFOUND', 'ENODATA']) assert.is(obstacleOfName(coded(code)), 'no_name');
  assert.is(obstacleOfName(null), 'no_name');
  for (const code of ['EAI_AGAIN', 'EAI_FAIL', 'ETIMEOUT', 'ESERVFAIL'])
    assert.is(obstacleOfName(coded(code)), 'no_dns');
});

test.run();
