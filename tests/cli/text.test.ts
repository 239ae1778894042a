import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fit, formatBytes, formatSeconds, printable } from '../../src/cli/text.ts';

test('a title cannot move the cursor, colour the screen or turn the text around', () => {
  assert.is(printable('a\u001b[2Jb\r\n\u202ec\u0007\u009bd'), 'a[2Jbcd');
});

test('text is cut or filled to its columns, wide characters counted as two', () => {
  assert.is(fit('abc', 5), 'abc  ');
  assert.is(fit('abcdef', 5), 'abcd…');
  assert.is(fit('日本語', 6), '日本語');
  assert.is(fit('日本語', 5), '日本…');
  assert.is(fit('日本語', 4), '日… ');
  assert.is(fit('👨‍👩‍👧 family', 6), '👨‍👩‍👧 fa…'.replace('…', '…'));
  assert.is(fit('abc', 0), '');
});

test('fitted text has exactly the given number of columns', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40 }),
      fc.nat({ max: 30 }),
      (text, columns) => fit(text, columns).length === columns,
    ),
  );
});

test('sizes have three digits and decimal units', () => {
  assert.equal([0, 999, 1000, 4_212_000, 99_960_000, 999_600, 1e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.00 kB',
    '4.21 MB',
    '100 MB',
    '1.00 MB',
    '1000 TB',
  ]);
});

test('durations are written as h:mm:ss', () => {
  assert.equal([0, 59.6, 61, 3661].map(formatSeconds), ['0:00', '1:00', '1:01', '1:01:01']);
});

test.run();
