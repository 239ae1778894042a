import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { LIMITS } from '../../../src/lib/actors/durable/limits.ts';
import { decodeValue, encodeValue } from '../../../src/lib/actors/durable/value.ts';
import { codeOf } from './codes.ts';

test('any plain JSON is restored unchanged', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      assert.equal(decodeValue(encodeValue(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('values that JSON would change are refused, at any depth', () => {
  class Thing {}
  for (const value of [
    undefined,
    () => 1,
    new Date(),
    new Map(),
    new Thing(),
    NaN,
    Infinity,
    new Uint8Array(1),
  ]) {
    assert.throws(() => encodeValue(value), TypeError);
    if (value !== undefined) assert.throws(() => encodeValue({ a: [{ b: value }] }), TypeError);
  }
  assert.throws(() => encodeValue([undefined]), TypeError);
  assert.throws(() => encodeValue(1n), TypeError);
  const circle: unknown[] = [];
  circle.push(circle);
  assert.throws(() => encodeValue(circle), TypeError);
});

test('an undefined property is left out, as in a snapshot', () => {
  assert.equal(decodeValue(encodeValue({ a: 1, b: undefined })), { a: 1 });
});

test('a value above the limit is refused', () => {
  assert.ok(encodeValue('x'.repeat(LIMITS.valueLength - 2)));
  assert.is(
    codeOf(() => encodeValue('x'.repeat(LIMITS.valueLength - 1))),
    'storage_limit',
  );
});

test.run();
