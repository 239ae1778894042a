/** Queued downloads behind thousands of a host that takes no more. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newRow } from '#lib/actors/download/row.ts';
import { QueueScan } from '#lib/actors/session/queue-scan.ts';
import { SessionStore } from '#lib/actors/session/store.ts';
import type { DurableKv } from '#lib/actors/durable/types.ts';

const NOBODY = new Map<string, unknown>();
const FULL = new Set(['full.test:443']);

/** A store in memory, which counts the rows that are read. */
function world() {
  const values = new Map<string, unknown>();
  let reads = 0;
  const kv = {
    get: (key: string) => {
      if (key.startsWith('d/')) reads++;
      return values.get(key);
    },
    put: (key: string, value: unknown) => void values.set(key, structuredClone(value)),
    delete: (key: string) => values.delete(key),
    list: ({
      prefix = '',
      end,
      limit = 1e6,
      reverse = false,
    }: {
      prefix?: string;
      end?: string;
      limit?: number;
      reverse?: boolean;
    }) => {
      const keys = [...values.keys()]
        .filter((key) => key.startsWith(prefix) && (end === undefined || key < end))
        .sort();
      if (reverse) keys.reverse();
      return keys.slice(0, limit).map((key) => [key, values.get(key)]);
    },
  } as unknown as DurableKv;
  const store = new SessionStore(kv);
  store.load(0);
  const scan = new QueueScan(store);
  return {
    scan,
    store,
    reads: () => reads,
    add: (host: string): string => {
      const n = store.takeOrderNumber();
      store.save(newRow(`d${n}`, n, { url: `https://${host}/${n}` } as never, n, 'test'), null);
      return `d${n}`;
    },
    /** One call after another, as turns make them, until nothing is left to look at. */
    all: (count = 1, full: ReadonlySet<string> = FULL): string[] => {
      for (let turn = 0; turn < 100; turn++) {
        const found = scan.next(count, NOBODY, full);
        if (found.length > 0 || !scan.isBehind) return found.map(({ id }) => id);
      }
      return ['no end'];
    },
  };
}

test('one of another host is found behind hundreds, a turn at a time, and none of them is read twice', () => {
  const { scan, add, all, reads } = world();
  for (let n = 0; n < 300; n++) add('full.test');
  const other = add('open.test');
  assert.equal(scan.next(1, NOBODY, FULL), []);
  assert.ok(scan.isBehind);
  assert.ok(reads() <= 64, `${reads()} rows in a turn`);
  assert.equal(all(), [other]);
  const before = reads();
  for (let turn = 0; turn < 50; turn++) assert.equal(scan.next(3, NOBODY, FULL), []);
  assert.not(scan.isBehind);
  assert.is(reads(), before, 'an empty answer is remembered');
});

test('what is added later, or queued again, is found; what was given a slot is not', () => {
  const { scan, store, add, all } = world();
  const first = add('open.test');
  for (let n = 0; n < 70; n++) add('full.test');
  assert.equal(all(), [first]);
  assert.equal(all(), []);
  const later = add('open.test');
  assert.equal(all(), [later]);
  const row = store.get(first)!;
  store.save({ ...row, state: 'paused' }, 'queued');
  assert.equal(all(), []);
  store.save(row, 'paused');
  assert.equal(scan.next(1, new Map([[first, null]]), FULL), []);
  store.save({ ...row, state: 'paused' }, 'queued');
  store.save(row, 'paused');
  assert.equal(all(), [first]);
});

test('of several that are found, those that are not wanted now are found the next time', () => {
  const { add, all } = world();
  add('full.test');
  const others = [add('open.test'), add('open.test'), add('open.test')];
  assert.equal(all(2), others.slice(0, 2));
  assert.equal(all(2), others.slice(2));
});

test('once a host takes more again, its oldest are first; a host that closes as well loses nothing', () => {
  const { add, all } = world();
  const oldest = add('full.test');
  for (let n = 0; n < 100; n++) add('full.test');
  const other = add('open.test');
  assert.equal(all(1, new Set([...FULL, 'open.test:443'])), []);
  assert.equal(all(1, new Set(['open.test:443'])), [oldest]);
  assert.equal(all(1, FULL), [other]);
  assert.equal(all(1, new Set()), [oldest]);
});

test.run();
