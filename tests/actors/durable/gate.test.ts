import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createEmbeddedHost, define } from '../../../src/lib/actors/durable/host.server.ts';
import type { DurableContext, DurableSocket } from '../../../src/lib/actors/durable/types.ts';
import { SluiceError } from '../../../src/lib/protocol/error.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { rejectionOf } from './codes.ts';
import { openFaultyStore } from './faulty-store.ts';
import { freshDir, settle } from './host.ts';
import { Sample } from './sample-object.ts';
import { TestWire } from './wire.ts';

class Talker {
  readonly #ctx: DurableContext;
  #memory = 0;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
  }

  webSocketMessage(socket: DurableSocket, message: string): void {
    if (message === 'read') {
      socket.send(`read ${String(this.#ctx.storage.kv.get('k'))}`);
      return;
    }
    this.#ctx.storage.kv.put('k', message);
    socket.send(`after ${message}`);
  }

  write(value: number): number {
    this.#memory = value;
    this.#ctx.storage.kv.put('n', value);
    return value;
  }

  both(): { memory: number; stored: unknown } {
    return { memory: this.#memory, stored: this.#ctx.storage.kv.get('n') ?? null };
  }

  progress(): number {
    return (this.#memory += 1);
  }

  synced(log: string[]): void {
    this.#ctx.storage.kv.put('s', 1);
    this.#ctx.waitUntil(this.#ctx.storage.sync().then(() => log.push('synced')));
  }

  /** Writes during and after its turn. */
  async late(): Promise<void> {
    this.#ctx.storage.kv.put('early', 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#ctx.storage.transactionSync(() => this.#ctx.storage.kv.put('late', 1));
    throw new Error('as asked');
  }

  /** Sends and writes, aborts, and writes again. */
  abortThenWrite(log: string[]): void {
    this.#ctx.storage.kv.put('aborted', 1);
    for (const socket of this.#ctx.getWebSockets()) socket.send('never seen');
    this.#ctx.abort('as asked');
    try {
      this.#ctx.storage.kv.put('aborted', 2);
    } catch {
      log.push('refused');
    }
  }

  writeThenRefuse(): void {
    this.#ctx.storage.kv.put('n', 666);
    throw new SluiceError('wrong_state');
  }

  refuse(): void {
    throw new SluiceError('wrong_state');
  }
}

async function open() {
  const dir = await freshDir();
  const store = openFaultyStore(path.join(dir, 'state.db'));
  const errors: unknown[] = [];
  const host = createEmbeddedHost({
    storage: store,
    classes: { talker: define(Talker, null), sample: define(Sample, { greeting: 'hello', now: Date.now }) },
    onError: (error) => errors.push(error),
  });
  return {
    host,
    store,
    errors,
    talker: (id: string) => host.get<Talker>('talker', id),
    async close() {
      store.fault = null;
      await host.close();
      await fs.rm(dir, { recursive: true });
    },
  };
}

/** A wire that records frames in the log of the store. */
function loggedWire(opened: Awaited<ReturnType<typeof open>>, id: string) {
  return opened.talker(id).connect({
    bufferedAmount: 0,
    send: (message) => opened.store.log.push(`frame ${String(message as string)}`),
    close: (code) => opened.store.log.push(`close ${String(code)}`),
  });
}

test('frames and replies are sent only after the commit of earlier writes', async () => {
  const opened = await open();
  const { log } = opened.store;
  const link = loggedWire(opened, 'a');
  link.message('one');
  const reply = opened
    .talker('b')
    .call('write', 1)
    .then(() => log.push('reply'));
  await settles(reply);
  assert.equal(log, ['commit', 'frame after one', 'reply']);
  await opened.close();
});

test('replies to reads need no commit', async () => {
  const opened = await open();
  const link = loggedWire(opened, 'a');
  link.message('read');
  await waitFor(() => opened.store.log.length > 0);
  assert.equal(opened.store.log, ['frame read undefined']);
  await opened.close();
});

test('all writes of all objects in one event-loop turn are one commit', async () => {
  const opened = await open();
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => opened.talker(`t${index % 50}`).call('write', index)),
  );
  assert.equal(opened.store.log, ['commit']);
  await opened.close();
});

test('a thousand progress events in an event-loop turn make no commit; one write among them makes one', async () => {
  const opened = await open();
  const { log } = opened.store;
  await Promise.all(Array.from({ length: 1000 }, () => opened.talker('a').call('progress')));
  assert.equal(log, []);
  await Promise.all([
    opened.talker('a').call('write', 1),
    ...Array.from({ length: 1000 }, () => opened.talker('a').call('progress')),
  ]);
  assert.equal(log, ['commit']);
  await opened.close();
});

test('sync resolves after the commit, which later turns still share', async () => {
  const opened = await open();
  const { log } = opened.store;
  await Promise.all([
    opened.talker('a').call('synced', log),
    opened.talker('a').call('write', 1),
    opened.talker('a').call('write', 2),
  ]);
  assert.equal(log, ['commit', 'synced']);
  await opened.close();
});

test('when the commit fails, replies fail, memory is reset to the disk, and the sockets are closed', async () => {
  const opened = await open();
  const { store, talker } = opened;
  await talker('a').call('write', 1);
  const wire = new TestWire(talker('a') as never);
  const other = new TestWire(talker('quiet') as never);
  store.fault = new SluiceError('disk_full');
  const failed = rejectionOf(talker('a').call('write', 2));
  wire.send('two');
  assert.is(await settles(failed), 'disk_full');
  await waitFor(() => wire.closed);
  assert.is(wire.closed?.code, 1012);
  assert.equal(wire.received, []);
  assert.is(other.closed, null, 'who had no part in it is left alone');
  store.fault = null;
  assert.equal(await talker('a').call('both'), { memory: 0, stored: 1 });
  assert.is(await talker('a').call('write', 3), 3);
  assert.equal(
    opened.errors.map((error) => (error as SluiceError).code),
    ['disk_full'],
  );
  await opened.close();
});

test('an alarm whose commit failed is not lost', async () => {
  const opened = await open();
  const sample = opened.host.get<Sample>('sample', 'a');
  await sample.call('setAlarm', 0);
  opened.store.fault = new SluiceError('disk_full');
  await waitFor(() => opened.errors.length > 0);
  opened.store.fault = null;
  await waitFor(async () => (await sample.call('run', [{ op: 'get', key: 'rang' }]))[0]);
  assert.equal(await sample.call('run', [{ op: 'get', key: 'tries' }]), [1]);
  await opened.close();
});

test('a throw rolls back the writes of its turn, keeps earlier ones, and resets the object', async () => {
  const opened = await open();
  const sample = opened.host.get<Sample>('sample', 'a');
  const before = await sample.call('identity');
  const [kept, thrown] = await Promise.all([
    sample.call('run', [{ op: 'put', key: 'k', value: 'kept' }]),
    rejectionOf(
      sample.call('writeAndThrow', [
        { op: 'put', key: 'k', value: 'lost' },
        { op: 'put', key: 'new', value: 'lost' },
        { op: 'delete', key: 'new' },
        { op: 'put', key: 'k', value: 'lost too' },
      ]),
    ),
  ]);
  assert.equal([kept, thrown], [[null], 'internal_error']);
  assert.equal(await sample.call('run', [{ op: 'list', options: {} }]), [[['k', 'kept']]]);
  assert.is.not((await sample.call('identity')).life, before.life);
  assert.is(opened.errors.length, 1);
  await opened.close();
});

test('a throw in a message handler closes that socket, drops its frames, and leaves other sockets open', async () => {
  const opened = await open();
  const stub = opened.host.get<Sample>('sample', 'a');
  const [bad, good] = [new TestWire(stub as never), new TestWire(stub as never)];
  bad.send('throw');
  await waitFor(() => bad.closed);
  assert.is(bad.closed?.code, 1011);
  assert.equal(bad.received, []);
  good.send('count');
  await waitFor(() => good.received.length > 0);
  assert.equal(await stub.call('run', [{ op: 'get', key: 'thrown' }]), [null]);
  await opened.close();
});

test('a reset fails pending calls', async () => {
  const opened = await open();
  const stub = opened.host.get<Sample>('sample', 'a');
  const deferred = rejectionOf(stub.fetch(new Request('http://object/defer?x')));
  await settle();
  assert.is(await rejectionOf(stub.fetch(new Request('http://object/throw'))), 'internal_error');
  assert.is(await settles(deferred), 'internal_error');
  await opened.close();
});

test('an error with a code is an answer; after a write it rolls the write back', async () => {
  const opened = await open();
  const { talker } = opened;
  await talker('a').call('write', 1);
  assert.is(await rejectionOf(talker('a').call('refuse')), 'wrong_state');
  assert.equal(await talker('a').call('both'), { memory: 1, stored: 1 }, 'the same life goes on');
  assert.is(await rejectionOf(talker('a').call('writeThenRefuse')), 'internal_error');
  assert.equal(await talker('a').call('both'), { memory: 0, stored: 1 }, 'a new life');
  await opened.close();
});

test('a promise that rejects after its turn fails its call and resets the object; stored values stay', async () => {
  const opened = await open();
  await opened.talker('a').call('write', 1);
  assert.is(await rejectionOf(opened.talker('a').call('late')), 'internal_error');
  const stored = opened.host.stored('talker', 'a').list({ limit: 10 });
  assert.equal(
    stored.map(([key]) => key),
    ['early', 'late', 'n'],
  );
  assert.equal(await opened.talker('a').call('both'), { memory: 0, stored: 1 });
  await opened.close();
});

test('an object that aborts in a turn leaves nothing of it, whatever its handler does afterwards', async () => {
  const opened = await open();
  const log: string[] = [];
  const wire = new TestWire(opened.talker('a') as never);
  assert.is(await rejectionOf(opened.talker('a').call('abortThenWrite', log)), 'internal_error');
  await settle();
  assert.equal([log, wire.received], [['refused'], []]);
  assert.equal(opened.host.ids('talker'), [], 'nothing of it is stored');
  await opened.close();
});

test.run();
