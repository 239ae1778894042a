import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { compareKeys, keyRange, prefixEnd } from '../../../src/lib/actors/durable/keys.ts';
import { LIMITS } from '../../../src/lib/actors/durable/limits.ts';
import { codeOf } from './codes.ts';

/** Characters around which UTF-16 and UTF-8 order differ, and the extremes. */
const edge = fc.constantFrom('\0', 'a', 'b', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}');
const key = fc.oneof(
  fc.array(edge, { maxLength: 4 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

test('keys compare as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(key, key, (left, right) => {
      assert.is(Math.sign(compareKeys(left, right)), Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
  );
});

test('a key has a prefix exactly when it is between the prefix and its end', () => {
  fc.assert(
    fc.property(key, key, (prefix, other) => {
      const end = prefixEnd(prefix);
      const isInside = compareKeys(prefix, other) <= 0 && (end === null || compareKeys(other, end) < 0);
      assert.is(isInside, other.startsWith(prefix));
    }),
  );
});

test('startAfter begins with the next key', () => {
  fc.assert(
    fc.property(key, key, (after, other) => {
      const range = keyRange({ startAfter: after });
      assert.is(compareKeys(range?.lower ?? '', other) <= 0, compareKeys(after, other) < 0);
    }),
  );
});

test('contradictory options are refused', () => {
  assert.throws(() => keyRange({ start: 'a', startAfter: 'b' }), /not both/);
  for (const limit of [0, -1, 1.5, NaN]) assert.throws(() => keyRange({ limit }), /limit/);
  assert.is(
    codeOf(() => keyRange({ limit: LIMITS.listEntries + 1 })),
    'storage_limit',
  );
  assert.is(
    codeOf(() => keyRange({ prefix: 'x'.repeat(LIMITS.keyBytes + 1) })),
    'storage_limit',
  );
  assert.is(keyRange({ start: 'b', end: 'a' }), null);
});

test.run();
