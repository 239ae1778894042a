import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SessionAddresses } from '#lib/annie/http/memory/session-addresses.ts';
import { dropOldest } from '#lib/protocol/drop-oldest.ts';

test('a session that has most loses its oldest, and the others nothing', () => {
  const known = new SessionAddresses<number>(10);
  known.set('small', 'a', 1);
  known.set(null, 'a', 2);
  for (let i = 0; i < 100; i++) known.set('large', `${i}`, i);
  assert.equal([known.get('small', 'a'), known.get(null, 'a')], [1, 2]);
  assert.equal(
    Array.from({ length: 100 }, (_, i) => known.get('large', `${i}`)).filter((value) => value !== undefined),
    [92, 93, 94, 95, 96, 97, 98, 99],
  );
  known.set('large', '92', 0);
  known.set('large', 'new', 1);
  assert.equal([known.get('large', '92'), known.get('large', '93')], [0, undefined]);
});

test('of more sessions than addresses the first are forgotten', () => {
  const known = new SessionAddresses<number>(3);
  for (let i = 0; i < 5; i++) known.set(`${i}`, 'a', i);
  assert.equal(
    Array.from({ length: 5 }, (_, i) => known.get(`${i}`, 'a')),
    [undefined, undefined, 2, 3, 4],
  );
});

test('what was added first is dropped first, of a map and of a set', () => {
  const map = new Map([1, 2, 3, 4].map((key) => [key, key]));
  dropOldest(map, 2);
  assert.equal([...map.keys()], [3, 4]);
  const set = new Set([1, 2]);
  dropOldest(set, 2);
  assert.is(set.size, 2);
  dropOldest(set, 0);
  assert.is(set.size, 0);
});

test.run();
