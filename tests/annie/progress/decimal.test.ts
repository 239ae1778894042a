import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readDecimal } from '#lib/annie/progress/decimal.ts';
import { utf8 } from './feed.ts';

function read(text: string): number {
  const out = new Float64Array(1);
  assert.is(readDecimal(utf8(`${text} `), 0, out, 0), text.length, text);
  return out[0]!;
}

test('any double, as it is printed, reads back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = Object.is(value, -0) ? '0' : String(value);
      assert.is(read(text), Number(text));
    }),
    { numRuns: 3000 },
  );
});

test('whole numbers of any length are read, also where 32 bits end', () => {
  for (const near of [2 ** 31, 2 ** 32, 999_999_999, 9_999_999_999]) {
    for (let number = near - 3; number <= near + 3; number++) {
      assert.is(read(String(number)), number);
      assert.is(read(`-${number}`), -number);
    }
  }
});

test('numbers with 16 to 19 digits are rounded as Number rounds them', () => {
  const digits = fc.array(fc.nat(9), { minLength: 16, maxLength: 19 }).map((all) => all.join(''));
  fc.assert(
    fc.property(digits, fc.nat(18), (all, dot) => {
      const at = Math.min(dot + 1, all.length - 1);
      const text = `${all.slice(0, at)}.${all.slice(at)}`;
      assert.is(read(text), Number(text));
      assert.is(read(`-${text}`), Number(`-${text}`));
    }),
    { numRuns: 3000 },
  );
});

test('exponents, leading zeros and whole numbers', () => {
  for (const text of [
    '0',
    '007',
    '0.0000123',
    '1e5',
    '2.32e+04',
    '1.5E-7',
    '123456789012345678',
    '1e300',
    '-3',
  ]) {
    assert.is(read(text), Number(text));
  }
});

test('what is no number says where it stops to be one', () => {
  const out = new Float64Array(1);
  for (const [text, at] of [
    ['', 0],
    ['x', 0],
    ['-', 1],
    ['1.', 2],
    ['1.x', 2],
    ['1e', 2],
    ['1e+', 3],
  ] as const) {
    assert.is(readDecimal(utf8(text), 0, out, 0), ~at, text);
  }
});

test.run();
