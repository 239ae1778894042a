/** What another program does to the files of an open store: nothing is acknowledged that the next start would not have. */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { presenceOf } from '#lib/actors/durable/presence.server.ts';
import { restoreStore } from '#lib/actors/durable/restore.server.ts';
import { openStore, type SqliteStorage } from '#lib/actors/durable/storage.server.ts';
import { freshDir } from './host.ts';

const NAME = { class: 'sample', id: 'a' };

class Ground {
  readonly file: string;
  readonly clock = new SimulatedClock();
  readonly store: SqliteStorage;
  count = 0;

  constructor(root: string) {
    this.file = path.join(root, 'state.db');
    this.store = openStore(this.file);
    this.store.file.keep(this.clock as never);
  }

  get wal(): string {
    return `${this.file}-wal`;
  }

  get refusal(): string | null {
    return this.store.file.refusal;
  }

  put(key: string, value = '"value"'): void {
    this.store.rows(NAME).put(key, value);
    this.store.commit();
  }

  /** Whether a commit is refused with `store_missing`. */
  isRefused(): boolean {
    try {
      this.put(`refused-${this.count++}`);
      return false;
    } catch (error) {
      this.store.rollback();
      assert.is((error as { code: string }).code, 'store_missing');
      return true;
    }
  }

  /** The first 5 idle seconds bring what is in the WAL into the file. */
  idle(): void {
    this.clock.increment(5000);
    this.clock.increment(5000);
  }
}

async function grounded(body: (ground: Ground) => void | Promise<void>): Promise<void> {
  const root = await freshDir();
  const ground = new Ground(root);
  try {
    await body(ground);
  } finally {
    if (!ground.store.file.isClosed) ground.store.close();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** As a process that ends leaves it: this one keeps the lock on a store that it does not close. */
function killed({ file }: Ground, name: string): string {
  const dir = path.join(path.dirname(file), name);
  fs.mkdirSync(dir);
  const copy = path.join(dir, 'state.db');
  for (const end of ['', '-wal', '.open', '.id'])
    if (fs.existsSync(file + end)) fs.copyFileSync(file + end, copy + end);
  const inodes = [copy, `${copy}-wal`].map((one) => String(fs.statSync(one).ino));
  const mark = fs.readFileSync(`${file}.open`, 'utf8');
  const [own, wal] = [file, `${file}-wal`].map((one) => String(fs.statSync(one).ino));
  fs.writeFileSync(
    `${copy}.open`,
    mark.replace(String(own), String(inodes[0])).replace(String(wal), String(inodes[1])),
  );
  return copy;
}

function keysIn(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database
      .prepare('SELECT key FROM entries ORDER BY key')
      .all()
      .map(({ key }) => String(key));
  } finally {
    database.close();
  }
}

const HARMS: Record<string, (ground: Ground) => void> = {
  'a WAL that is emptied': ({ wal }) => fs.truncateSync(wal, 0),
  'a WAL that is cut in half': ({ wal }) => fs.truncateSync(wal, Math.floor(fs.statSync(wal).size / 2)),
  'a WAL whose head is zeros': ({ wal }) => {
    const descriptor = fs.openSync(wal, 'r+');
    fs.writeSync(descriptor, Buffer.alloc(32), 0, 32, 0);
    fs.closeSync(descriptor);
  },
  'a store that is emptied': ({ file }) => fs.truncateSync(file, 0),
  'a store overwritten with its copy': ({ file }) => fs.copyFileSync(`${file}.copy`, file),
};

for (const [name, harm] of Object.entries(HARMS)) {
  test(`${name} is noticed by the next commit, by the timer, and by the next start`, () =>
    grounded(async (ground) => {
      ground.put('k1');
      await ground.store.copyTo(`${ground.file}.copy`);
      for (let n = 0; n < 20; n += 1) ground.put(`more-${n}`, JSON.stringify('x'.repeat(1000)));
      ground.idle();
      ground.put('k2');
      harm(ground);
      assert.ok(ground.isRefused(), 'the next commit');
      assert.match(String(ground.refusal), /another program/);
      const killedStore = killed(ground, 'killed');
      assert.is.not(presenceOf(killedStore).state, 'there', 'a start after a kill');
      const left = fs.readFileSync(ground.wal, 'hex') + fs.readFileSync(ground.file, 'hex');
      ground.store.close();
      assert.ok(
        left === fs.readFileSync(ground.wal, 'hex') + fs.readFileSync(ground.file, 'hex'),
        'left as it is',
      );
      assert.is.not(presenceOf(killed(ground, 'stopped')).state, 'there', 'a start after a stop');
    }));

  test(`${name} is noticed by the timer alone, and what is put right goes on`, () =>
    grounded(async (ground) => {
      ground.put('k1');
      await ground.store.copyTo(`${ground.file}.copy`);
      ground.idle();
      ground.put('k2');
      for (const end of ['', '-wal']) fs.copyFileSync(ground.file + end, `${ground.file}.whole${end}`);
      harm(ground);
      ground.clock.increment(5000);
      assert.match(String(ground.refusal), /another program/);
      for (const end of ['', '-wal']) fs.copyFileSync(`${ground.file}.whole${end}`, ground.file + end);
      ground.clock.increment(5000);
      assert.is(ground.refusal, null);
      ground.put('k3');
      const copy = killed(ground, 'killed');
      assert.is(presenceOf(copy).state, 'there');
      assert.equal(keysIn(copy), ['k1', 'k2', 'k3']);
    }));
}

test('what was overwritten with a copy is restored as that copy, without the WAL of what was there', () =>
  grounded(async (ground) => {
    ground.put('k1');
    await ground.store.copyTo(`${ground.file}.copy`);
    for (let n = 0; n < 50; n += 1) ground.put(`more-${n}`, JSON.stringify('x'.repeat(2000)));
    ground.idle();
    ground.put('k2');
    fs.copyFileSync(`${ground.file}.copy`, ground.file);
    assert.ok(ground.isRefused());
    ground.store.close();
    const stopped = killed(ground, 'stopped');
    restoreStore(stopped, stopped);
    assert.equal(keysIn(stopped), ['k1']);
  }));

test('a damaged note of the id is named as what is damaged, and that of another store is not', async () => {
  const root = await freshDir();
  const file = path.join(root, 'state.db');
  openStore(file).close();
  const id = fs.readFileSync(`${file}.id`, 'utf8');
  const flipped = id.replace(/.$/, (digit) => String.fromCharCode(digit.charCodeAt(0) ^ 4));
  for (const [note, why] of [
    [flipped, /state\.db\.id is damaged\. If .* remove state\.db\.id, and start again/],
    ['not an id', /state\.db\.id is damaged/],
    ['0123456789abcdef0123456789abcdef', /is the store of another data folder/],
  ] as const) {
    fs.writeFileSync(`${file}.id`, note);
    const presence = presenceOf(file);
    assert.match('why' in presence ? presence.why : '', why);
  }
  fs.writeFileSync(`${file}.id`, id);
  assert.equal(presenceOf(file), { state: 'there' });
  fs.rmSync(root, { recursive: true });
});

test('nothing that the store does itself is taken for another program', () =>
  grounded(async (ground) => {
    const big = JSON.stringify('x'.repeat(100_000));
    for (let round = 0; round < 6; round += 1) {
      // More than SQLite keeps in memory, and more than it keeps in a WAL: both are written and begun anew.
      for (let n = 0; n < 60; n += 1) ground.store.rows(NAME).put(`big-${n}`, big);
      ground.store.commit();
      for (let n = 0; n < 60; n += 1) ground.store.rows(NAME).put(`undone-${n}`, big);
      ground.store.rollback();
      ground.put(`small-${round}`);
      if (round % 2 === 0) ground.idle();
      if (round === 3) await ground.store.copyTo(`${ground.file}.copy`);
      ground.clock.increment(60_000);
      assert.is(ground.refusal, null);
    }
  }));

test.run();
