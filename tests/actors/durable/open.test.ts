import fs from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createEmbeddedHost, define } from '../../../src/lib/actors/durable/host.server.ts';
import { openDatabase, STORE_VERSION } from '../../../src/lib/actors/durable/open.server.ts';
import { openStore } from '../../../src/lib/actors/durable/storage.server.ts';
import { codeOf, rejectionOf } from './codes.ts';
import { freshDir } from './host.ts';
import { type Op, Sample } from './sample-object.ts';

async function inDir(body: (file: string, dir: string) => Promise<void>): Promise<void> {
  const dir = await freshDir();
  try {
    await body(path.join(dir, 'data', 'state.db'), dir);
  } finally {
    await fs.rm(dir, { recursive: true, force: true });
  }
}

async function fill(file: string, rows = 200): Promise<void> {
  const store = openStore(file);
  const actor = store.rows({ class: 'sample', id: 'a' });
  for (let row = 0; row < rows; row += 1) actor.put(`k${row}`, JSON.stringify('x'.repeat(1000)));
  store.commit();
  store.close();
  await Promise.resolve();
}

const ONE = `CREATE TABLE actors (row INTEGER PRIMARY KEY, class TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (class, id)) STRICT;
  CREATE TABLE entries (actor INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (actor, key)) STRICT;
  CREATE TABLE alarms (actor INTEGER PRIMARY KEY, at INTEGER NOT NULL, retries INTEGER NOT NULL) STRICT;`;

test('a new store syncs every commit, and only its owner can read its folder and file', () =>
  inDir(async (file) => {
    const database = openDatabase(file);
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    assert.equal(['journal_mode', 'synchronous', 'locking_mode', 'user_version'].map(pragma), [
      'wal',
      2,
      'exclusive',
      STORE_VERSION,
    ]);
    assert.is((await fs.stat(file)).mode & 0o777, 0o600);
    assert.is((await fs.stat(path.dirname(file))).mode & 0o777, 0o700);
    database.close();
  }));

test('the same process cannot open a store twice, and a refused attempt keeps the lock', () =>
  inDir(async (file) => {
    await fill(file);
    const store = openStore(file);
    assert.is(
      codeOf(() => openStore(file)),
      'data_dir_busy',
    );
    assert.is(
      codeOf(() => openStore(file)),
      'data_dir_busy',
    );
    store.close();
    openStore(file).close();
  }));

for (const [name, damage] of Object.entries({
  'a file that is not SQLite': (bytes: Buffer) => Buffer.from('a shopping list\n'.repeat(bytes.length / 64)),
  'a cut off file': (bytes: Buffer) => bytes.subarray(0, bytes.length - 50_000),
  'pages of noise': (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    for (let at = 8192; at < copy.length - 4096; at += 1) copy[at] = (at * 31) & 0xff;
    return copy;
  },
})) {
  test(`${name} is refused with store_corrupt and not changed`, () =>
    inDir(async (file) => {
      await fill(file);
      const damaged = damage(await fs.readFile(file));
      await fs.writeFile(file, damaged);
      assert.is(
        codeOf(() => openStore(file)),
        'store_corrupt',
      );
      assert.ok(damaged.equals(await fs.readFile(file)));
    }));
}

test('a SQLite file of another program is refused and left as it is', () =>
  inDir(async (_file, dir) => {
    const file = path.join(dir, 'other.db');
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE mine (x); INSERT INTO mine VALUES (1)');
    other.close();
    const before = await fs.readFile(file);
    assert.is(
      codeOf(() => openStore(file)),
      'store_corrupt',
    );
    assert.ok(before.equals(await fs.readFile(file)));
  }));

test('a store of a newer Sluice is refused and left as it is', () =>
  inDir(async (file) => {
    await fill(file);
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    const before = await fs.readFile(file);
    assert.is(
      codeOf(() => openStore(file)),
      'store_newer',
    );
    assert.ok(before.equals(await fs.readFile(file)));
  }));

test('an upgrade makes a copy first, and keeps the data', () =>
  inDir(async (file) => {
    const migrations = [ONE];
    openDatabase(file, { migrations }).close();
    const store = openStore(file, { migrations });
    store.rows({ class: 'sample', id: 'a' }).put('k', '"kept"');
    store.commit();
    store.close();

    const upgraded = [...migrations, 'ALTER TABLE actors ADD COLUMN seen INTEGER'];
    openDatabase(file, { migrations: upgraded }).close();
    const copy = new DatabaseSync(`${file}.v1.backup`, { readOnly: true });
    assert.equal({ ...copy.prepare('SELECT value FROM entries').get() }, { value: '"kept"' });
    assert.equal({ ...copy.prepare('PRAGMA user_version').get() }, { user_version: 1 });
    copy.close();
    const now = openStore(file, { migrations: upgraded });
    assert.is(now.rows({ class: 'sample', id: 'a' }).get('k'), '"kept"');
    now.close();
    assert.is((await fs.stat(`${file}.v1.backup`)).mode & 0o777, 0o600);
  }));

test('an upgrade that fails changes nothing', () =>
  inDir(async (file) => {
    await fill(file);
    const migrations = [
      ...Array.from({ length: STORE_VERSION }, () => ONE),
      'CREATE TABLE half (x); NONSENSE',
    ];
    assert.throws(() => openDatabase(file, { migrations }));
    const store = openStore(file);
    assert.is(store.rows({ class: 'sample', id: 'a' }).get('k0')?.length, 1002);
    store.close();
  }));

test('a full disk is disk_full, no write is partial, and reading and deleting still work', () =>
  inDir(async (file) => {
    const store = openStore(file, { maxBytes: 1024 * 1024 });
    const errors: unknown[] = [];
    const host = createEmbeddedHost({
      storage: store,
      classes: { sample: define(Sample, { greeting: '', now: Date.now }) },
      onError: (error) => errors.push(error),
    });
    const stub = host.get<Sample>('sample', 'a');
    const batch = (from: number): Op[] =>
      [0, 1, 2].map((index) => ({ op: 'put', key: `k${from + index}`, value: 'x'.repeat(50_000) }));
    let code: string | null = null;
    let stored = 0;
    for (; code === null && stored < 100; stored += 3)
      code = await rejectionOf(stub.call('run', batch(stored)));
    assert.is(code, 'disk_full');
    stored -= 3;
    const [rows] = (await stub.call('run', [{ op: 'list', options: {} }])) as [unknown[]];
    assert.is(rows.length, stored);
    await stub.call(
      'run',
      ['k0', 'k1', 'k2'].map((key): Op => ({ op: 'delete', key })),
    );
    assert.is(await rejectionOf(stub.call('run', [{ op: 'put', key: 'small', value: 1 }])), null);
    assert.ok(errors.length > 0);
    await host.close();
  }));

test('a folder that is a file is disk_missing', () =>
  inDir(async (_file, dir) => {
    await fs.writeFile(path.join(dir, 'data'), '');
    assert.is(
      codeOf(() => openStore(path.join(dir, 'data', 'state.db'))),
      'disk_missing',
    );
  }));

test('a folder that may not be written is disk_denied', () =>
  inDir(async (file, dir) => {
    await fs.chmod(dir, 0o500);
    const isRoot = process.getuid?.() === 0;
    // As nobody, since root has all permissions.
    if (isRoot) process.seteuid?.(65534);
    try {
      assert.is(
        codeOf(() => openStore(file)),
        'disk_denied',
      );
    } finally {
      if (isRoot) process.seteuid?.(0);
      await fs.chmod(dir, 0o700);
    }
  }));

test.run();
