import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dailyCopyOf } from '#lib/actors/durable/copies.server.ts';
import { type CopiedStore, DailyCopy } from '#lib/actors/durable/daily-copy.server.ts';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { freshDir } from './host.ts';

const NAME = { class: 'sample', id: 'a' };

interface Fixture {
  file: string;
  copy: string;
  errors: unknown[];
  store: ReturnType<typeof openStore>;
  put: (key: string) => void;
  daily: (more?: { maxBytes?: number; store?: CopiedStore }) => DailyCopy;
}

async function withStore(body: (ground: Fixture) => Promise<void>): Promise<void> {
  const dir = await freshDir();
  const file = path.join(dir, 'state.db');
  const store = openStore(file);
  const rows = store.rows(NAME);
  const errors: unknown[] = [];
  try {
    await body({
      file,
      copy: dailyCopyOf(file),
      errors,
      store,
      put(key) {
        rows.put(key, JSON.stringify('x'.repeat(20_000)));
        store.commit();
      },
      daily: ({ store: copied = store, ...more } = {}) =>
        new DailyCopy(copied, file, { onError: (error) => errors.push(error), ...more }),
    });
    assert.equal(
      (await fs.readdir(dir)).filter((name) => name.includes('unfinished')),
      [],
    );
  } finally {
    store.close();
    await fs.rm(dir, { recursive: true, force: true });
  }
}

/** Whether a store restored from the copy has the key. */
async function restored(copy: string, key: string): Promise<boolean> {
  const file = `${copy}.restored`;
  await fs.copyFile(copy, file);
  const store = openStore(file);
  const found = store.rows(NAME).get(key) !== undefined;
  store.close();
  return found;
}

async function makeOld(file: string): Promise<void> {
  const yesterday = Date.now() / 1000 - 86_401;
  await fs.utimes(file, yesterday, yesterday);
}

test('a copy of a store in use has all earlier commits, and is readable only by its owner', () =>
  withStore(async ({ copy, daily, put, errors, store }) => {
    for (let n = 0; n < 100; n += 1) put(`before${n}`);
    // A turn is not committed yet: the copy waits for the commit.
    store.rows(NAME).put('open', '1');
    const made = daily().refresh();
    put('inTurn');
    await made;
    assert.equal(errors, []);
    assert.is(await restored(copy, 'before99'), true);
    assert.is(await restored(copy, 'inTurn'), true);
    assert.is((await fs.stat(copy)).mode & 0o777, 0o600);
  }));

test('a copy is replaced when it is a day old, not before', () =>
  withStore(async ({ copy, daily, put }) => {
    put('first');
    await daily().refresh();
    put('second');
    await daily().refresh();
    assert.is(await restored(copy, 'second'), false);
    await makeOld(copy);
    await daily().refresh();
    assert.is(await restored(copy, 'second'), true);
  }));

test('a damaged copy does not replace a good one, and is reported', () =>
  withStore(async ({ copy, daily, put, errors, store }) => {
    for (let n = 0; n < 20; n += 1) put(`k${n}`);
    await daily().refresh();
    await makeOld(copy);
    const damaging: CopiedStore = {
      async copyTo(file) {
        await store.copyTo(file);
        const bytes = await fs.readFile(file);
        bytes.fill(0x5a, 8192);
        await fs.writeFile(file, bytes);
      },
    };
    await daily({ store: damaging }).refresh();
    assert.is(await restored(copy, 'k19'), true);
    assert.is(errors.length, 1);
    assert.is((errors[0] as { code?: string }).code, 'store_corrupt');
  }));

test('a store that is too large for it is not copied', () =>
  withStore(async ({ copy, daily, put, errors }) => {
    put('k');
    await daily({ maxBytes: 1000 }).refresh();
    assert.equal(errors, []);
    assert.is(existsSync(copy), false);
  }));

test('the error for a damaged store names the copy, and restoring it restores the state', async () => {
  const dir = await freshDir();
  try {
    const file = path.join(dir, 'state.db');
    const store = openStore(file);
    store.rows(NAME).put('k', '"kept"');
    store.commit();
    await new DailyCopy(store, file, { onError: (error) => assert.unreachable(String(error)) }).refresh();
    store.close();
    const damaged = await fs.readFile(file);
    damaged.fill(0x5a, 4096);
    await fs.writeFile(file, damaged);
    assert.throws(() => openStore(file), /damaged.* What it was at .*Z is in state\.db\.daily\.backup\./);

    await fs.rename(dailyCopyOf(file), file);
    const again = openStore(file);
    assert.is(again.rows(NAME).get('k'), '"kept"');
    again.close();
  } finally {
    await fs.rm(dir, { recursive: true, force: true });
  }
});

test('a copy that is dated in the future, by a clock that was wrong, holds no later one up', () =>
  withStore(async ({ copy, daily, put, errors }) => {
    put('first');
    await daily().refresh();
    const nextYear = Date.now() / 1000 + 365 * 86_400;
    await fs.utimes(copy, nextYear, nextYear);
    put('second');
    await daily().refresh();
    assert.equal(errors, []);
    assert.is(await restored(copy, 'second'), true);
  }));

test.run();
