import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanTitle, titledName } from '#lib/protocol/title.ts';

test('a title is one trimmed line with single blanks', () => {
  assert.is(cleanTitle('  A \t title\r\n\u00a0\u2003 of\u2028two  '), 'A title of two');
  assert.is(cleanTitle(' \n '), '');
});

test('a title has no characters that hide or reorder text, and no half surrogate pairs', () => {
  assert.is(cleanTitle('\u0000a\u001b[31mb\u007f\u202ec\u2066d\u200be\ufefff'), 'a[31mbcdef');
  assert.is(cleanTitle('a\ud83d'), 'a\ufffd');
  assert.is(cleanTitle('😀 ok'), '😀 ok');
});

test('any text becomes one short, trimmed line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const title = cleanTitle(text);
      assert.ok(title.length <= 300 && title.isWellFormed());
      assert.not.match(title, /[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
      assert.not.match(title, /^\s|\s$/);
    }),
  );
});

test('a title that has its extension already does not get it again', () => {
  assert.is(titledName('film', 'mp4'), 'film.mp4');
  assert.is(titledName('Film.MP4', 'mp4'), 'Film.MP4');
  assert.is(titledName('filmmp4', 'mp4'), 'filmmp4.mp4');
  assert.is(titledName('README', ''), 'README');
});

test.run();
