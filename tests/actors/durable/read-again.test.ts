/** Answers that depend on writes which fail: they are made again, from what is committed. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createEmbeddedHost, define } from '../../../src/lib/actors/durable/host.server.ts';
import type { DurableContext } from '../../../src/lib/actors/durable/types.ts';
import { SluiceError } from '../../../src/lib/protocol/error.ts';
import { settles } from '../../support/wait.ts';
import { rejectionOf } from './codes.ts';
import { openFaultyStore } from './faulty-store.ts';
import { freshDir } from './host.ts';

class Reader {
  readonly #ctx: DurableContext;
  #memory = 0;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
    // As a session that renews its lease.
    if (ctx.id.name === 'writes-when-it-wakes') ctx.storage.kv.put('woken', 1);
  }

  write(value: number): number {
    this.#memory = value;
    this.#ctx.storage.kv.put('n', value);
    return value;
  }

  both(): { memory: number; stored: unknown } {
    return { memory: this.#memory, stored: this.#ctx.storage.kv.get('n') ?? null };
  }

  requireStored(): unknown {
    const stored = this.#ctx.storage.kv.get('n');
    if (stored === 2) throw new SluiceError('wrong_state');
    return stored;
  }

  readLater(): Promise<unknown> {
    return Promise.resolve(this.#ctx.storage.kv.get('n'));
  }

  /** Writes unless it finds 2. */
  writeUnless2(): void {
    if (this.#ctx.storage.kv.get('n') !== 2) this.write(3);
  }
}

async function open() {
  const dir = await freshDir();
  const store = openFaultyStore(path.join(dir, 'state.db'));
  const host = createEmbeddedHost({
    storage: store,
    classes: { reader: define(Reader, null) },
    onError: () => undefined,
  });
  return {
    store,
    reader: (id: string) => host.get<Reader>('reader', id),
    async close() {
      store.fault = null;
      await host.close();
      await fs.rm(dir, { recursive: true });
    },
  };
}

test('an answer that depends on nothing uncommitted does not wait for the commit of another object', async () => {
  const opened = await open();
  const { log } = opened.store;
  await Promise.all([
    opened.reader('a').call('write', 1),
    opened
      .reader('b')
      .call('both')
      .then(() => log.push('read')),
  ]);
  assert.equal(log, ['read', 'commit']);
  opened.store.fault = new SluiceError('disk_full');
  const failed = rejectionOf(opened.reader('a').call('write', 2));
  assert.equal(await opened.reader('b').call('both'), { memory: 0, stored: null });
  assert.is(await settles(failed), 'disk_full');
  await opened.close();
});

for (const name of ['a', 'writes-when-it-wakes'])
  test(`a read of what was not stored in the end is answered from what is stored, while the store goes on failing (${name})`, async () => {
    const opened = await open();
    const reader = opened.reader(name);
    await reader.call('write', 1);
    opened.store.fault = new SluiceError('disk_full');
    const failed = rejectionOf(reader.call('write', 2));
    const reads = [reader.call('both'), reader.call('requireStored')];
    const laterFailed = rejectionOf(reader.call('readLater'));
    const writeFailed = rejectionOf(reader.call('writeUnless2'));
    assert.is(await settles(failed), 'disk_full');
    assert.equal(await settles(Promise.all(reads)), [{ memory: 0, stored: 1 }, 1]);
    assert.is(await settles(laterFailed), 'disk_full', 'work that goes on after its turn is not done twice');
    assert.is(await settles(writeFailed), 'disk_full', 'from what is stored it would have written');
    opened.store.fault = null;
    assert.equal(await reader.call('both'), { memory: 0, stored: 1 });
    await opened.close();
  });

test.run();
