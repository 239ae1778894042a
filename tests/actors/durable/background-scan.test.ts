/** A store that is too large to be checked at its start is read behind it, in slices. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from '#lib/actors/durable/clock.ts';
import { CHECKED_BYTES } from '#lib/actors/durable/inspect.server.ts';
import { openStore, type SqliteStorage } from '#lib/actors/durable/storage.server.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { withSql } from '../../disk/store-place.ts';

const MINE = { class: 'Session', id: 'mine' };
const OTHER = { class: 'Session', id: 'other' };

const test = suite<{ dir: string; file: string }>('background-scan');
const template = mkdtempSync(join(tmpdir(), 'sluice-scan-'));

/** Most of it are free pages, which are part of its size. */
test.before(() => {
  const file = join(template, 'sluice.db');
  const store = openStore(file);
  for (let n = 0; n < 600; n += 1) store.rows(MINE).put(`d/${String(n).padStart(3, '0')}`, '{"a":1}');
  store.rows(MINE).put('last', '{"a":2}');
  store.rows(OTHER).put('a', '0');
  store.commit();
  store.close();
  withSql(file, (database) => {
    database.exec(`PRAGMA synchronous = OFF; CREATE TABLE filler (bytes BLOB);
      INSERT INTO filler VALUES (zeroblob(${CHECKED_BYTES})); DROP TABLE filler`);
  });
});
test.after(() => rmSync(template, { recursive: true }));
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'sluice-scan-'));
  context.file = join(context.dir, 'sluice.db');
  copyFileSync(join(template, 'sluice.db'), context.file);
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

/** With one timer, as many as a scan has. */
class OneTimer implements Clock {
  #now = 0;
  #timer: { at: number; callback: () => void } | null = null;

  now = (): number => this.#now;
  clearTimeout = (): void => void (this.#timer = null);
  setTimeout = (callback: () => void, ms: number): object => (this.#timer = { at: this.#now + ms, callback });

  pass(ms: number): void {
    const end = this.#now + ms;
    while (this.#timer !== null && this.#timer.at <= end) {
      const { at, callback } = this.#timer;
      this.#now = at;
      this.#timer = null;
      callback();
    }
    this.#now = end;
  }
}

interface Scanned {
  store: SqliteStorage;
  reports: string[];
  /** Of each round. */
  damage: (SluiceError | null)[];
  pass: (ms: number) => void;
  /** Objects in memory. */
  inUse: Set<string>;
}

function withScan(file: string, body: (scanned: Scanned) => void): void {
  const reports: string[] = [];
  const store = openStore(file, { onDamaged: ({ message }, { id }) => reports.push(`${id}: ${message}`) });
  const clock = new OneTimer();
  const scanned: Scanned = {
    ...{ store, reports, damage: [], inUse: new Set() },
    pass: (ms) => clock.pass(ms),
  };
  store.scan.keep({
    clock,
    isInUse: ({ id }) => scanned.inUse.has(id),
    onRound: (damage) => scanned.damage.push(damage),
  });
  try {
    body(scanned);
  } finally {
    store.close();
  }
}

function flipKeys(file: string): void {
  withSql(file, (database) => {
    database.exec(
      `UPDATE entries SET key = 'e/299' WHERE key = 'd/299'; UPDATE entries SET key = 'lasu' WHERE key = 'last'`,
    );
  });
}

test('flipped keys in any slice are put right after the start', ({ file }) => {
  flipKeys(file);
  withScan(file, ({ store, reports, damage, pass }) => {
    assert.equal(reports, [], 'the start does not read all of it');
    pass(60_000);
    assert.equal([store.rows(MINE).get('d/299'), store.rows(MINE).get('last')], ['{"a":1}', '{"a":2}']);
    assert.equal(reports, [
      'mine: The stored value with the key d/299 had a flipped bit in its key: it is put right.',
      'mine: The stored value with the key last had a flipped bit in its key: it is put right.',
    ]);
    assert.equal(damage, [null]);
    assert.is(store.isDirty, false);
  });
});

test('what belongs to an object in memory waits until it has none, for an hour', ({ file }) => {
  flipKeys(file);
  withScan(file, ({ store, reports, damage, pass, inUse }) => {
    inUse.add('mine');
    pass(60_000);
    assert.equal([store.rows(MINE).get('last'), reports, damage.length], [undefined, [], 1]);
    inUse.clear();
    pass(3_600_000);
    assert.equal([store.rows(MINE).get('last'), reports.length, damage.length], ['{"a":2}', 2, 2]);
    pass(7_200_000);
    assert.is(damage.length, 2, 'the next round is a day later');
    pass(86_400_000);
    assert.is(damage.length, 3);
  });
});

test('nothing is read while something is not committed', ({ file }) => {
  withScan(file, ({ store, damage, pass }) => {
    store.rows(OTHER).put('a', '1');
    pass(60_000);
    assert.equal([damage, store.isDirty], [[], true]);
    store.commit();
    pass(1_000);
    assert.equal(damage, [null]);
  });
});

test('a page that cannot be read is said', ({ file }) => {
  const bytes = readFileSync(file);
  const at = bytes.indexOf('d/300');
  assert.ok(at > 4096);
  bytes.fill(0xff, at - (at % 4096), at - (at % 4096) + 4096);
  writeFileSync(file, bytes);
  withScan(file, ({ damage, pass }) => {
    pass(60_000);
    assert.equal(
      damage.map((one) => one?.code),
      ['store_corrupt'],
    );
  });
});

test('a small store is left to its start', ({ dir }) => {
  withScan(join(dir, 'small.db'), ({ damage, pass }) => {
    pass(60_000);
    assert.equal(damage, []);
  });
});

test('a scan that was stopped reads nothing', ({ file }) => {
  withScan(file, ({ store, damage, pass }) => {
    store.scan.stop();
    pass(60_000);
    assert.equal(damage, []);
  });
});

test.run();
