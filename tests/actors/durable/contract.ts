/**
 * The contract of every host of durable objects, written against the shared model only. Each host has an adapter.
 * Where a client would wait for ever, the tests wait until their hang deadline.
 */
import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import { settles, waitFor } from '../../support/wait.ts';
import { LIMITS } from '../../../src/lib/actors/durable/limits.ts';
import type { Op, Sample } from './sample-object.ts';

export interface ContractSocket {
  readonly received: string[];
  readonly closed: { code: number; reason: string } | null;
  send(message: string): void;
  close(code: number, reason: string): void;
}

export interface ContractHost {
  fetch(id: string, request: Request): Promise<Response>;
  call<M extends keyof Sample>(
    id: string,
    method: M,
    ...args: Parameters<Extract<Sample[M], (...args: never[]) => unknown>>
  ): Promise<Awaited<ReturnType<Extract<Sample[M], (...args: never[]) => unknown>>>>;
  connect(id: string): Promise<ContractSocket>;
  /** Advances time until the object is evicted. */
  sleep(id: string): Promise<void>;
  /** The host's clock, epoch ms. */
  now(): number;
  /** Advances time, and runs what is due. */
  pass(ms: number): Promise<void>;
  /** Stops or kills the host and starts it on the same storage. */
  restart(): Promise<void>;
  close(): Promise<void>;
  /** A throw in a message's handler does not close that socket. */
  readonly hasQuietThrows: boolean;
}

/**
 * Registers the tests of the contract; the caller runs them.
 * @param open creates a host with Sample, whose env is `{greeting: 'hello', now}`
 * @param unitMs how far ahead the tests set alarms: short on hosts with real time
 */
export function contract(
  name: string,
  open: () => Promise<ContractHost>,
  unitMs = 1000,
): Test<{ host: ContractHost }> {
  const test = suite<{ host: ContractHost }>(name);
  const read = async (host: ContractHost, key: string) =>
    (await host.call('a', 'run', [{ op: 'get', key }]))[0];
  test.before.each(async (context) => {
    context.host = await open();
  });
  test.after.each(async ({ host }) => {
    await host.close();
  });

  test('a request reaches the object with its body, and env is there', async ({ host }) => {
    const response = await host.fetch(
      'a',
      new Request('http://object/echo', { method: 'POST', body: 'héllo' }),
    );
    assert.equal(await response.json(), { method: 'POST', body: 'héllo', greeting: 'hello' });
  });

  test('each name has one object of its own', async ({ host }) => {
    const [one, again, other] = await Promise.all([
      host.call('a', 'identity'),
      host.call('a', 'identity'),
      host.call('b', 'identity'),
    ]);
    assert.is(one.life, again.life);
    assert.is.not(one.life, other.life);
    assert.equal(other.boot, null);
  });

  test('turns do not overlap, and no update is lost', async ({ host }) => {
    const results = await Promise.all(Array.from({ length: 500 }, () => host.call('a', 'increment')));
    assert.equal(
      results.map(({ count }) => count).toSorted((left, right) => left - right),
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    assert.is(Math.max(...results.map(({ overlaps }) => overlaps)), 0);
  });

  test('a later event resolves a deferred response', async ({ host }) => {
    const response = host.fetch('a', new Request('http://object/defer?x'));
    await waitFor(() => host.call('a', 'resolve', 'x', 'parsed'), {
      what: 'the deferred request to be known',
    });
    assert.is(await (await settles(response)).text(), 'parsed');
  });

  test('the constructor reads storage before the first event', async ({ host }) => {
    await host.call('a', 'run', [{ op: 'put', key: 'boot', value: { n: 1 } }]);
    await host.sleep('a');
    assert.equal((await host.call('a', 'identity')).boot, { n: 1 });
  });

  test('writes survive a restart', async ({ host }) => {
    await host.call('a', 'run', [
      { op: 'put', key: 'k1', value: 1 },
      { op: 'put', key: 'k2', value: [null, 'ü', { x: true }] },
    ]);
    await host.restart();
    const reads = ['k2', 'k1', 'none'].map((key): Op => ({ op: 'get', key }));
    assert.equal(await host.call('a', 'run', reads), [[null, 'ü', { x: true }], 1, null]);
  });

  test('a list is in byte order, within its bounds in both directions', async ({ host }) => {
    const keys = ['a', 'a/1', 'a/2', 'a/3', 'b', 'é', '\uffee', '\u{1f600}'];
    await host.call(
      'a',
      'run',
      keys.map((key): Op => ({ op: 'put', key, value: key })),
    );
    const list = async (options: object): Promise<string[]> => {
      const [entries] = (await host.call('a', 'run', [{ op: 'list', options }])) as [[string, string][]];
      return entries.map(([key]) => key);
    };
    assert.equal(await list({}), keys);
    assert.equal(await list({ reverse: true, limit: 2 }), ['\u{1f600}', '\uffee']);
    assert.equal(await list({ prefix: 'a/' }), ['a/1', 'a/2', 'a/3']);
    assert.equal(await list({ prefix: 'a/', reverse: true, limit: 1 }), ['a/3']);
    assert.equal(await list({ prefix: 'a/', startAfter: 'a/1', end: 'a/3' }), ['a/2']);
    assert.equal(await list({ start: 'a/2', end: 'b', reverse: true }), ['a/3', 'a/2']);
  });

  test('a transaction that throws is rolled back, and the turn goes on', async ({ host }) => {
    const at = host.now() + 600_000;
    const results = await host.call('a', 'run', [
      { op: 'put', key: 'k', value: 0 },
      { op: 'setAlarm', at },
      {
        op: 'transaction',
        ops: [
          { op: 'put', key: 'k', value: 1 },
          { op: 'setAlarm', at: at + 1000 },
        ],
        end: 'throw',
      },
      { op: 'get', key: 'k' },
      {
        op: 'transaction',
        ops: [
          { op: 'put', key: 'k', value: 3 },
          { op: 'transaction', ops: [{ op: 'delete', key: 'k' }], end: 'throw' },
        ],
        end: 'commit',
      },
      { op: 'get', key: 'k' },
    ]);
    assert.equal([results[3], results[5]], [0, 3]);
    assert.is(await host.call('a', 'getAlarm'), at);
  });

  test('a call that throws leaves neither values nor an alarm', async ({ host }) => {
    const at = host.now() + 600_000;
    await host.call('a', 'run', [
      { op: 'put', key: 'k', value: 'kept' },
      { op: 'setAlarm', at },
    ]);
    await failureOf(
      host.call('a', 'writeAndThrow', [
        { op: 'put', key: 'k', value: 'lost' },
        { op: 'put', key: 'new', value: 'lost' },
        { op: 'setAlarm', at: at + 1000 },
        { op: 'transaction', ops: [{ op: 'delete', key: 'k' }], end: 'commit' },
      ]),
    );
    assert.equal(await host.call('a', 'run', [{ op: 'list', options: {} }]), [[['k', 'kept']]]);
    assert.is(await host.call('a', 'getAlarm'), at);
    await host.restart();
    assert.equal(await host.call('a', 'run', [{ op: 'list', options: {} }]), [[['k', 'kept']]]);
    assert.is(await host.call('a', 'getAlarm'), at);
  });

  test('a message whose handler throws leaves neither values nor frames', async ({ host }) => {
    for (const verb of ['throw', 'throw-unwritten']) {
      const [bad, good] = [await host.connect('a'), await host.connect('a')];
      bad.send(verb);
      // A later event: frames of the failed turn would arrive before its answer.
      await waitFor(() => bad.closed !== null || host.hasQuietThrows, { what: 'the throw' });
      good.send('count');
      await waitFor(() => good.received.length > 0, { what: 'the answer that follows' });
      assert.equal(good.received, ['count 1'], verb);
      assert.equal(bad.received, [], verb);
      assert.is(await read(host, 'thrown'), null, verb);
    }
  });

  test('an alarm whose handler throws leaves nothing, and is retried', async ({ host }) => {
    await host.call('a', 'run', [{ op: 'put', key: 'failures', value: 1 }]);
    await host.call('a', 'setAlarm', host.now());
    await host.pass(unitMs);
    // The first retry comes after 2 to 3 s.
    await host.pass(3000);
    const rang = await waitFor(() => read(host, 'rang'), { what: 'the second try' });
    assert.equal(rang, { isRetry: true, retryCount: 1 });
    assert.is(await read(host, 'tries'), 1);
  });

  test('a turn can write a hundred values of two kilobytes, whatever is stored already', async ({ host }) => {
    for (const prefix of ['a', 'b', 'c']) await host.call('a', 'fill', prefix, LIMITS.turnWrites, 2000);
    await host.restart();
    const [entries] = await host.call('a', 'run', [{ op: 'list', options: {} }]);
    assert.is((entries as unknown[]).length, 3 * LIMITS.turnWrites);
  });

  test('an object that aborts fails its call, and is reset to what was committed', async ({ host }) => {
    const { life } = await host.call('a', 'identity');
    await host.call('a', 'run', [{ op: 'put', key: 'boot', value: 1 }]);
    await failureOf(host.call('a', 'end'));
    const next = await host.call('a', 'identity');
    assert.is.not(next.life, life);
    assert.is(next.boot, 1);
    assert.is(await read(host, 'ended'), null);
  });

  test('a socket keeps its attachment and stays open while the object sleeps', async ({ host }) => {
    const socket = await host.connect('a');
    socket.send('count');
    socket.send('life');
    await waitFor(() => socket.received.length === 2);
    await host.sleep('a');
    socket.send('count');
    socket.send('life');
    await waitFor(() => socket.received.length === 4);
    assert.is(socket.received[2], 'count 2');
    assert.is.not(socket.received[3], socket.received[1], 'a new life');
    assert.is(socket.closed, null);
  });

  test('an object finds all of its own sockets and no others', async ({ host }) => {
    const [one, two, other] = [await host.connect('a'), await host.connect('a'), await host.connect('b')];
    one.send('all news');
    await waitFor(() => one.received.length === 1 && two.received.length === 1);
    other.send('life');
    await waitFor(() => other.received.length === 1);
    assert.ok(other.received[0]?.startsWith('life'), 'no news of a');
  });

  test('earlier frames are sent before the object closes a socket', async ({ host }) => {
    const socket = await host.connect('a');
    socket.send('bye');
    await waitFor(() => socket.closed);
    assert.equal(socket.received, ['last']);
    assert.equal(socket.closed, { code: 4001, reason: 'bye' });
  });

  test('the object gets an event when a client disconnects, and no longer lists its socket', async ({
    host,
  }) => {
    const socket = await host.connect('a');
    socket.send('life');
    await waitFor(() => socket.received.length === 1);
    socket.close(1000, 'done');
    const closed = await waitFor(() => read(host, 'closed'), { what: 'the object to hear it' });
    assert.equal(closed, { code: 1000, reason: 'done', left: 0 });
  });

  test('an alarm fires once, not before its time', async ({ host }) => {
    const at = host.now() + 5 * unitMs;
    await host.call('a', 'setAlarm', at);
    assert.is(await host.call('a', 'getAlarm'), at);
    await host.pass(4 * unitMs);
    const early = await read(host, 'rang');
    // On hosts with real time, the check may have come too late.
    if (host.now() < at) assert.is(early, null);
    await host.pass(1.5 * unitMs);
    const rang = await waitFor(() => read(host, 'rang'), { what: 'the alarm to fire' });
    assert.equal(rang, { isRetry: false, retryCount: 0 });
    assert.ok(((await read(host, 'rangAt')) as number) >= at, 'not before');
    await host.pass(2 * unitMs);
    assert.is(await read(host, 'tries'), 1);
    assert.is(await host.call('a', 'getAlarm'), null);
  });

  test('an alarm survives a restart, and fires late if it was due meanwhile', async ({ host }) => {
    await host.call('a', 'setAlarm', host.now() + unitMs);
    await host.restart();
    await host.pass(3 * unitMs);
    await waitFor(() => read(host, 'rang'), { what: 'the alarm to fire' });
    assert.is(await read(host, 'tries'), 1);
  });

  return test;
}

/** Resolves when the call has failed; fails if it succeeds. */
async function failureOf(call: Promise<unknown>): Promise<void> {
  const hasFailed = await call.then(
    () => false,
    () => true,
  );
  assert.ok(hasFailed, 'the call has to fail');
}
