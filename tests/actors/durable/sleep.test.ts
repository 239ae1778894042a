import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../../src/lib/actors/durable/limits.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, rejectionOf } from './codes.ts';
import { openHost, settle, type TestHost } from './host.ts';
import type { Sample } from './sample-object.ts';
import { TestWire } from './wire.ts';

const sample = (opened: TestHost, id: string) => opened.host.get<Sample>('sample', id);

test('five hundred idle objects are all evicted, their sockets stay open, and a message wakes exactly one', async () => {
  const opened = await openHost();
  const wires = Array.from({ length: 500 }, (_, index) => new TestWire(sample(opened, `a${index}`) as never));
  for (const wire of wires) wire.send('count');
  await waitFor(() => wires.every((wire) => wire.received.length === 1));
  assert.equal(opened.host.stats(), { actors: 500, live: 500, sockets: 500 });

  opened.clock.increment(9999);
  assert.is(opened.host.stats().live, 500);
  opened.clock.increment(1);
  assert.equal(opened.host.stats(), { actors: 500, live: 0, sockets: 500 });
  assert.ok(wires.every((wire) => wire.closed === null));

  const woken: string[] = [];
  opened.host.observe((event) => {
    if (event.type === 'wake') woken.push(event.actor.id);
  });
  wires[123]?.send('count');
  await waitFor(() => wires[123]?.received.length === 2);
  assert.equal(wires[123]?.received, ['count 1', 'count 2']);
  assert.equal(woken, ['a123']);
  assert.equal(opened.host.stats(), { actors: 500, live: 1, sockets: 500 });
  await opened.close();
});

test('an object without sockets leaves nothing in memory', async () => {
  const opened = await openHost();
  await Promise.all(Array.from({ length: 100 }, (_, index) => sample(opened, `a${index}`).call('identity')));
  opened.clock.increment(10_000);
  assert.equal(opened.host.stats(), { actors: 0, live: 0, sockets: 0 });
  await opened.close();
});

test('an event restarts the idle time of ten seconds', async () => {
  const opened = await openHost();
  const { life } = await sample(opened, 'a').call('identity');
  for (let time = 0; time < 5; time += 1) {
    opened.clock.increment(9000);
    assert.is((await sample(opened, 'a').call('identity')).life, life);
  }
  opened.clock.increment(10_000);
  assert.is.not((await sample(opened, 'a').call('identity')).life, life);
  await opened.close();
});

test('a deferred reply and waitUntil keep the object awake', async () => {
  const opened = await openHost();
  const response = sample(opened, 'a').fetch(new Request('http://object/defer?x'));
  await sample(opened, 'b').call('stayAwake', 'y');
  await settle();
  opened.clock.increment(60_000);
  assert.is(opened.host.stats().live, 2);
  await sample(opened, 'a').call('resolve', 'x', 'done');
  assert.is(await (await settles(response)).text(), 'done');
  await sample(opened, 'b').call('resolve', 'y', '');
  await settle();
  opened.clock.increment(10_000);
  assert.is(opened.host.stats().live, 0);
  await opened.close();
});

test('messages above the limit close the socket with 1009 and wake no object', async () => {
  const opened = await openHost();
  const wire = new TestWire(sample(opened, 'a') as never);
  wire.send('x'.repeat(LIMITS.messageBytes + 1));
  await waitFor(() => wire.closed);
  assert.is(wire.closed?.code, 1009);
  await opened.close();
});

test('a full mailbox refuses calls and closes the socket that floods it', async () => {
  const opened = await openHost();
  const wire = new TestWire(sample(opened, 'a') as never);
  for (let count = 0; count <= LIMITS.mailboxEvents; count += 1) wire.send('count');
  assert.is(await rejectionOf(sample(opened, 'a').call('identity')), 'too_many_requests');
  await waitFor(() => wire.closed);
  assert.is(wire.closed?.code, 1013);
  assert.is((await sample(opened, 'a').call('identity')).id, 'a');
  await opened.close();
});

test('attachments and names have limits', async () => {
  const opened = await openHost();
  const wire = new TestWire(sample(opened, 'a') as never);
  const attach = (length: number) => sample(opened, 'a').call('attach', 'x'.repeat(length - 2));
  assert.is(await rejectionOf(attach(LIMITS.attachmentLength)), null);
  assert.is(await rejectionOf(attach(LIMITS.attachmentLength + 1)), 'storage_limit');
  assert.is(wire.closed, null);
  assert.is(
    codeOf(() => sample(opened, 'x'.repeat(257))),
    'storage_limit',
  );
  assert.throws(() => sample(opened, ''), /name/);
  assert.throws(() => opened.host.get('none', 'a'), /no class/);
  await opened.close();
});

test('a stub can call only public methods that are not handlers', async () => {
  const opened = await openHost();
  const stub = opened.host.get('sample', 'a') as unknown as { call(method: string): Promise<unknown> };
  for (const method of ['constructor', 'fetch', 'alarm', 'toString', '__proto__', 'none']) {
    assert.is(await rejectionOf(stub.call(method)), 'not_found', method);
  }
  await opened.close();
});

test('closing waits for turns, stores them, rejects waiting callers and closes the sockets with 1012', async () => {
  const opened = await openHost();
  const wire = new TestWire(sample(opened, 'a') as never);
  const deferred = rejectionOf(sample(opened, 'b').fetch(new Request('http://object/defer?x')));
  await settle();
  const counts = Array.from({ length: 20 }, () => sample(opened, 'a').call('increment'));
  const closing = opened.host.close();
  assert.is(await rejectionOf(sample(opened, 'a').call('identity')), 'not_ready');
  assert.is(
    codeOf(() => sample(opened, 'a').connect(wire)),
    'not_ready',
  );
  await settles(closing);
  assert.is((await Promise.all(counts)).at(-1)?.count, 20);
  assert.is(await settles(deferred), 'not_ready');
  await waitFor(() => wire.closed);
  assert.is(wire.closed?.code, 1012);
  await opened.reopen();
  assert.equal(await sample(opened, 'a').call('run', [{ op: 'get', key: 'count' }]), [20]);
  await opened.close();
});

test.run();
