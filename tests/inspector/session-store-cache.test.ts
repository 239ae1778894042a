import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SessionStoreCache } from '#lib/inspector/session-store-cache.ts';

/** A cache over a fake store. `refresh` refreshes it, and returns the sessions that were read, in order. */
function makeCache(sleeping: string[] = []) {
  const read: string[] = [];
  const cache = new SessionStoreCache({
    ids: () => sleeping,
    stored: (session) => ({
      alarmAt: null,
      get: () => void read.push(session),
      list: () => [],
      size: (after) => (after === '' ? { bytes: 7, last: 'z' } : { bytes: 0, last: null }),
    }),
  });
  const refresh = (present: string[]): string[] => {
    read.length = 0;
    cache.refresh(present);
    return [...read];
  };
  return { cache, refresh };
}

test('a session is read once, and again only after it has written', () => {
  const { cache, refresh } = makeCache();
  assert.equal(refresh(['a', 'b']), ['a', 'b']);
  assert.equal(refresh(['a', 'b']), []);
  cache.markChanged('b');
  cache.markChanged('b');
  cache.markChanged('nobody');
  assert.equal(refresh(['a', 'b']), ['b']);
  assert.equal(refresh(['a', 'b']), []);
  assert.equal([cache.get('a').bytes, cache.get('nobody').bytes], [7, null]);
});

test('many sessions are read a few at a time, those in memory first, and it is incomplete until then', () => {
  const sleeping = Array.from({ length: 24 }, (_, k) => `s${k}`);
  const { cache, refresh } = makeCache(sleeping);
  const order: string[] = [];
  const behind: boolean[] = [];
  for (let k = 0; k < 4; k++) {
    order.push(...refresh(['s20']));
    behind.push(cache.isIncomplete);
  }
  assert.equal(order, ['s20', ...sleeping.filter((id) => id !== 's20')]);
  assert.equal(behind, [true, true, false, false]);
});

test('sessions that write all the time do not starve others', () => {
  const busy = Array.from({ length: 15 }, (_, k) => `b${k}`);
  const { cache, refresh } = makeCache();
  for (let k = 0; k < 2; k++) refresh(busy);
  const seen: string[] = [];
  for (let k = 0; k < 3; k++) {
    for (const id of busy) cache.markChanged(id);
    seen.push(...refresh(k === 1 ? [...busy, 'new'] : busy));
  }
  assert.ok(seen.indexOf('new') === 10, 'what was never read is first');
  assert.equal(
    busy.filter((id) => !seen.includes(id)),
    [],
  );
});

test.run();
