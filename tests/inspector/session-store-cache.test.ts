import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SessionStoreCache } from '#lib/inspector/session-store-cache.ts';

/** Whose rows were read since the last `look`, in order. */
function world(sleeping: string[] = []) {
  const read: string[] = [];
  const files = new SessionStoreCache({
    ids: () => sleeping,
    stored: (session) => ({
      alarmAt: null,
      get: () => void read.push(session),
      list: () => [],
      size: (after) => (after === '' ? { bytes: 7, last: 'z' } : { bytes: 0, last: null }),
    }),
  });
  const look = (present: string[]): string[] => {
    read.length = 0;
    files.refresh(present);
    return [...read];
  };
  return { files, look };
}

test('a session is read once, and again only after it has written', () => {
  const { files, look } = world();
  assert.equal(look(['a', 'b']), ['a', 'b']);
  assert.equal(look(['a', 'b']), []);
  files.markChanged('b');
  files.markChanged('b');
  files.markChanged('nobody');
  assert.equal(look(['a', 'b']), ['b']);
  assert.equal(look(['a', 'b']), []);
  assert.equal([files.get('a').bytes, files.get('nobody').bytes], [7, null]);
});

test('many are read a few at a time, those in memory first, and it says so until all are', () => {
  const sleeping = Array.from({ length: 24 }, (_, k) => `s${k}`);
  const { files, look } = world(sleeping);
  const order: string[] = [];
  const behind: boolean[] = [];
  for (let k = 0; k < 4; k++) {
    order.push(...look(['s20']));
    behind.push(files.isIncomplete);
  }
  assert.equal(order, ['s20', ...sleeping.filter((id) => id !== 's20')]);
  assert.equal(behind, [true, true, false, false]);
});

test('those that write all the time do not keep others from being read', () => {
  const busy = Array.from({ length: 15 }, (_, k) => `b${k}`);
  const { files, look } = world();
  for (let k = 0; k < 2; k++) look(busy);
  const seen: string[] = [];
  for (let k = 0; k < 3; k++) {
    for (const id of busy) files.markChanged(id);
    seen.push(...look(k === 1 ? [...busy, 'new'] : busy));
  }
  assert.ok(seen.indexOf('new') === 10, 'what was never read is first');
  assert.equal(
    busy.filter((id) => !seen.includes(id)),
    [],
  );
});

test.run();
