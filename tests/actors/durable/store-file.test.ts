/** The file under an open store, on real files and a clock in the test's hand. */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { presenceOf } from '#lib/actors/durable/presence.server.ts';
import { immutable } from '#lib/actors/durable/inspect.server.ts';
import { openStore, type SqliteStorage } from '#lib/actors/durable/storage.server.ts';
import { codeOf } from './codes.ts';
import { freshDir } from './host.ts';

const NAME = { class: 'sample', id: 'a' };

interface Ground {
  dir: string;
  file: string;
  store: SqliteStorage;
  clock: SimulatedClock;
  put: (key: string) => void;
  /** What a commit of a new value fails with; null = it is stored. */
  refusal: (key: string) => string | null;
}

async function grounded(body: (ground: Ground) => void | Promise<void>): Promise<void> {
  const root = await freshDir();
  const dir = path.join(root, 'data');
  const file = path.join(dir, 'state.db');
  const store = openStore(file);
  const clock = new SimulatedClock();
  store.file.keep(clock as never);
  const put = (key: string): void => {
    store.rows(NAME).put(key, '"value"');
    store.commit();
  };
  const refusal = (key: string): string | null => {
    try {
      put(key);
      return null;
    } catch (error) {
      store.rollback();
      return (error as { code: string }).code;
    }
  };
  try {
    await body({ dir, file, store, clock, put, refusal });
  } finally {
    if (!store.file.isClosed) store.close();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** Keys that the file holds, alone or with its WAL. */
function keysIn(address: string | URL): string[] {
  const database = new DatabaseSync(address, { readOnly: true });
  try {
    return database
      .prepare('SELECT key FROM entries ORDER BY key')
      .all()
      .map(({ key }) => String(key));
  } finally {
    database.close();
  }
}

test('a folder that is moved away is noticed before the first commit after 5 idle seconds, and one that is back too', () =>
  grounded(({ dir, clock, put, refusal, store }) => {
    put('before');
    fs.renameSync(dir, `${dir}.gone`);
    clock.increment(4999);
    assert.is(store.file.refusal, null, 'not looked at yet');
    clock.increment(1);
    assert.match(String(store.file.refusal), /state\.db is gone from the data folder/);
    assert.is(refusal('while'), 'store_missing');
    assert.not.ok(fs.existsSync(dir), 'nothing is made in its place');
    fs.renameSync(`${dir}.gone`, dir);
    assert.is(refusal('after'), null);
    assert.is(store.file.refusal, null);
  }));

test('the timer alone notices that the path is right again', () =>
  grounded(({ dir, clock, store }) => {
    fs.renameSync(dir, `${dir}.gone`);
    clock.increment(5000);
    assert.ok(store.file.refusal);
    fs.renameSync(`${dir}.gone`, dir);
    clock.increment(5000);
    assert.is(store.file.refusal, null);
  }));

test('another file in its place is not written to, and what it holds stays', () =>
  grounded(({ file, clock, put, refusal, store }) => {
    put('own');
    fs.renameSync(file, `${file}.own`);
    fs.writeFileSync(file, 'of somebody else');
    clock.increment(5000);
    assert.match(String(store.file.refusal), /another file than the one that is open/);
    assert.is(refusal('new'), 'store_missing');
    assert.is(fs.readFileSync(file, 'utf8'), 'of somebody else');
    fs.renameSync(`${file}.own`, file);
    assert.is(refusal('again'), null);
  }));

test('a link that leads elsewhere from now on is noticed by the next commit', async () => {
  const root = await freshDir();
  try {
    for (const name of ['own', 'other']) fs.mkdirSync(path.join(root, name));
    fs.writeFileSync(path.join(root, 'other/state.db'), 'of somebody else');
    const link = path.join(root, 'data');
    fs.symlinkSync(path.join(root, 'own'), link);
    const store = openStore(path.join(root, 'own/state.db'), { given: path.join(link, 'state.db') });
    const clock = new SimulatedClock();
    store.file.keep(clock as never);
    const commit = (): void => {
      store.rows(NAME).put('k', '1');
      store.commit();
    };
    commit();
    fs.rmSync(link);
    fs.symlinkSync(path.join(root, 'other'), link);
    clock.increment(1000);
    assert.throws(commit, /another file than the one that is open/);
    store.rollback();
    store.close();
    assert.is(fs.readFileSync(path.join(root, 'other/state.db'), 'utf8'), 'of somebody else');
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
});

test('a store that is closed while its folder is away is whole when it is back, and the WAL in its place stays', () =>
  grounded(({ dir, file, put, store }) => {
    put('k');
    fs.renameSync(dir, `${dir}.gone`);
    fs.mkdirSync(dir);
    fs.writeFileSync(`${file}-wal`, 'of another store');
    store.close();
    assert.is(fs.readFileSync(`${file}-wal`, 'utf8'), 'of another store');
    fs.rmSync(dir, { recursive: true });
    // As the process that had it does not end here, another inode.
    fs.cpSync(`${dir}.gone`, dir, { recursive: true });
    fs.writeFileSync(
      `${file}.open`,
      fs
        .readFileSync(`${file}.open`, 'utf8')
        .replace(/^\d+ \d+/, [file, `${file}-wal`].map((path) => fs.statSync(path).ino).join(' ')),
    );
    assert.is(fs.statSync(`${file}-wal`).size, 0);
    assert.equal(presenceOf(file), { state: 'there' });
    assert.equal(keysIn(immutable(file)), ['k']);
  }));

test('a WAL that somebody removes is begun anew, and nothing that was acknowledged is lost', () =>
  grounded(({ file, clock, put, store }) => {
    put('k1');
    fs.rmSync(`${file}-wal`);
    clock.increment(5000);
    assert.is(store.file.refusal, null);
    assert.ok(fs.existsSync(`${file}-wal`));
    put('k2');
    for (const end of ['', '-wal']) fs.copyFileSync(file + end, `${file}.killed${end}`);
    assert.equal(keysIn(`${file}.killed`), ['k1', 'k2']);
  }));

test('when nothing is stored for 5 s the file alone is the whole store', () =>
  grounded(({ file, clock, put }) => {
    put('k1');
    assert.equal(keysIn(immutable(file)), [], 'it is in the WAL');
    clock.increment(5000);
    clock.increment(5000);
    assert.equal(keysIn(immutable(file)), ['k1']);
  }));

test('while something is stored each second the file is brought up to date once a minute', () =>
  grounded(({ file, clock, put }) => {
    let longest = 0;
    for (let second = 0, stored = 0; second < 180; second += 1) {
      put(`k${String(second).padStart(3, '0')}`);
      clock.increment(1000);
      const inFile = keysIn(immutable(file)).length;
      if (inFile > stored) stored = inFile;
      longest = Math.max(longest, second + 1 - stored);
    }
    assert.ok(longest <= 66, `${longest} s were in the WAL alone`);
    assert.ok(longest >= 55, 'not at each second');
  }));

test('a copy is whole, and commits go on beside it', () =>
  grounded(async ({ file, put, store }) => {
    for (let n = 0; n < 300; n += 1) put(`a${String(n).padStart(3, '0')}`);
    let during = 0;
    const copied = store.copyTo(`${file}.copy`);
    let isDone = false;
    void copied.finally(() => (isDone = true));
    while (!isDone) {
      put(`b${String(during).padStart(5, '0')}`);
      during += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await copied;
    const keys = keysIn(`${file}.copy`);
    assert.is(keys.filter((key) => key.startsWith('a')).length, 300);
    assert.ok(during > 1, `${during} commits while it was copied`);
    assert.is(fs.statSync(`${file}.copy`).mode & 0o777, 0o600);
    // What was committed meanwhile is in the store.
    store.close();
    assert.is(keysIn(file).length, 300 + during);
    const again = openStore(file);
    assert.is(
      codeOf(() => openStore(file)),
      'data_dir_busy',
      'the lock is held',
    );
    again.close();
  }));

test('while it is copied the file does not change, however much is stored', () =>
  grounded(async ({ file, put, store, clock }) => {
    put('k');
    const bytes = (): string => fs.readFileSync(file, 'latin1');
    await store.frozen(async () => {
      const before = bytes();
      // More pages than SQLite keeps in a WAL by itself.
      for (let n = 0; n < 30; n += 1) {
        for (let m = 0; m < 50; m += 1) store.rows(NAME).put(`${n}-${m}`, JSON.stringify('x'.repeat(4000)));
        store.commit();
      }
      clock.increment(120_000);
      assert.ok(bytes() === before);
      await Promise.resolve();
    });
    store.file.checkpoint();
    assert.is(keysIn(immutable(file)).length, 1501);
  }));

test('two copies at once are both whole, and the lock is held all the while', () =>
  grounded(async ({ file, put, store }) => {
    put('k');
    await Promise.all([store.copyTo(`${file}.one`), store.copyTo(`${file}.two`)]);
    for (const name of ['one', 'two']) assert.equal(keysIn(`${file}.${name}`), ['k']);
    assert.is(
      codeOf(() => openStore(file)),
      'data_dir_busy',
    );
  }));

test.run();
