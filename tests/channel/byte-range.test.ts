import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isNotModified, rangeApplies, readRange } from '#lib/channel/byte-range.ts';

test('a single range is served, cut at the end of the file', () => {
  assert.equal(readRange('bytes=0-0', 10), { kind: 'part', first: 0, last: 0 });
  assert.equal(readRange('bytes=3-', 10), { kind: 'part', first: 3, last: 9 });
  assert.equal(readRange('bytes=3-99', 10), { kind: 'part', first: 3, last: 9 });
  assert.equal(readRange('bytes=-4', 10), { kind: 'part', first: 6, last: 9 });
  assert.equal(readRange('bytes=-99', 10), { kind: 'part', first: 0, last: 9 });
  assert.equal(readRange('Bytes = 1 - 2', 10), { kind: 'part', first: 1, last: 2 });
});

test('a range past the end is unsatisfiable', () => {
  for (const [header, size] of [
    ['bytes=10-', 10],
    ['bytes=10-12', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
  ] as const) {
    assert.equal(readRange(header, size), { kind: 'unsatisfiable' }, header);
  }
});

test('an invalid range or a list of ranges gets the whole file', () => {
  for (const header of [
    null,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-3',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=a-b',
    'bytes=0x1-2',
  ]) {
    assert.equal(readRange(header, 10), { kind: 'whole' }, String(header));
  }
});

test('a served part always lies inside the file', () => {
  fc.assert(
    fc.property(fc.option(fc.nat()), fc.option(fc.nat()), fc.nat({ max: 1000 }), (from, to, size) => {
      const range = readRange(`bytes=${from ?? ''}-${to ?? ''}`, size);
      return range.kind !== 'part' || (0 <= range.first && range.first <= range.last && range.last < size);
    }),
  );
});

const file = { etag: '"a-1"', modified: 'Mon, 23 Nov 2026 10:00:00 GMT' };

test('If-Range allows a part only of this version of the file', () => {
  assert.ok(rangeApplies(null, file));
  assert.ok(rangeApplies('"a-1"', file));
  assert.ok(rangeApplies(file.modified, file));
  assert.not(rangeApplies('"a-2"', file));
  assert.not(rangeApplies('W/"a-1"', file));
  assert.not(rangeApplies('Mon, 23 Nov 2026 09:00:00 GMT', file));
});

test('If-None-Match matches any listed ETag, weakly', () => {
  assert.ok(isNotModified('"x", W/"a-1"', file));
  assert.ok(isNotModified('*', file));
  assert.not(isNotModified('"x"', file));
  assert.not(isNotModified(null, file));
});

test.run();
