/** Each rule of what a response may begin. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { extentOf, isWholeFile } from '#lib/annie/http/head/extent.ts';
import { interpret, type OpenDecision } from '#lib/annie/http/file/open-decision.ts';
import { headFrom, relationOf, type Validators, type Version } from '#lib/annie/http/head/head.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const strong = (etag: string): Validators => ({ etag, lastModified: null, ifRange: etag });

test('versions are the same only by a strong validator, and compatible if no validator differs', () => {
  const dated = (lastModified: string, etag: string | null = null): Validators => ({
    ...{ etag, lastModified },
    ifRange: lastModified,
  });
  const of = (etag: string | null, lastModified: string | null = null): Validators => ({
    ...{ etag, lastModified },
    ifRange: null,
  });
  for (const [known, other, relation] of [
    [strong('"a"'), strong('"a"'), 'same'],
    [strong('"a"'), strong('"b"'), 'other'],
    [strong('"a"'), of('W/"a"'), 'compatible'],
    [strong('"a"'), of('W/"b"'), 'other'],
    [strong('"a"'), of(null), 'compatible'],
    [strong('"a"'), of(null, 'Monday'), 'compatible'],
    [{ ...strong('"a"'), lastModified: 'Monday' }, of(null, 'Monday'), 'compatible'],
    [{ ...strong('"a"'), lastModified: 'Monday' }, of(null, 'Tuesday'), 'other'],
    [of('W/"a"'), of('W/"a"'), 'compatible'],
    [dated('Monday'), of(null, 'Monday'), 'same'],
    [dated('Monday'), of(null, 'Tuesday'), 'other'],
    [dated('Monday', 'W/"a"'), of('W/"a"', 'Monday'), 'same'],
    [dated('Monday', 'W/"a"'), of('W/"a"'), 'compatible'],
  ] as const) {
    assert.is(relationOf(known, other), relation, JSON.stringify([known, other]));
  }
});

test('the head decides whether a body is the whole file, a part of it, or unusable', () => {
  const extent = (status: number, headers: Record<string, string>): string => {
    const found = extentOf(status, headFrom(headers));
    if (found.kind === 'whole') return `whole ${found.bytes}`;
    if (found.kind === 'unplaced') return 'unplaced';
    return `${found.start}-${found.end} of ${found.totalBytes}${found.fits ? '' : ', or not'}`;
  };
  const range = (text: string, length?: string): Record<string, string> => ({
    'content-range': text,
    ...(length === undefined ? {} : { 'content-length': length }),
  });
  assert.is(extent(200, { 'content-length': '7' }), 'whole 7');
  assert.is(extent(200, { 'content-length': '7', 'content-encoding': 'gzip' }), 'whole null');
  assert.is(extent(200, {}), 'whole null');
  assert.is(extent(200, range('bytes 0-6/7', '7')), 'whole 7');
  assert.is(extent(200, range('bytes 0-6/7')), 'whole 7');
  assert.is(extent(200, range('bytes 0-6/7', '9')), '0-7 of 7, or not');
  assert.is(extent(200, range('bytes 2-6/7', '5')), '2-7 of 7');
  assert.is(extent(200, range('bytes 0-6/*', '7')), '0-7 of null');
  assert.is(extent(200, range('nonsense', '7')), 'whole 7');
  assert.is(extent(206, range('bytes 0-6/7', '7')), '0-7 of 7');
  assert.is(extent(206, { 'content-length': '7' }), 'unplaced');
  assert.is(extent(206, range('items 0-6/7')), 'unplaced');
  assert.is(extent(206, { ...range('bytes 0-6/7'), 'content-encoding': 'br' }), 'unplaced');
  assert.is(extent(206, { 'content-type': 'Multipart/ByteRanges; boundary=x' }), 'unplaced');
  assert.ok(isWholeFile({ status: 206, head: headFrom(range('bytes 0-6/7')) }));
  assert.not(isWholeFile({ status: 206, head: headFrom(range('bytes 0-5/7')) }));
  assert.not(isWholeFile({ status: 206, head: headFrom(range('bytes 0-6/*')) }));
});

const known: Version = { validators: strong('"a"'), totalBytes: 100 };

test('an unmarked body is taken for the whole file only if it cannot be the rest', () => {
  const mode = (headers: Record<string, string>, status = 200): string =>
    interpret(status, headFrom(headers), { from: 10, known }).mode;
  assert.is(mode({ etag: '"a"', 'content-length': '100' }), 'whole');
  assert.is(mode({ etag: '"a"', 'content-length': '90' }), 'again');
  assert.is(mode({ etag: '"a"', 'content-length': '101' }), 'again');
  assert.is(mode({ etag: '"a"' }), 'again');
  assert.is(mode({ 'content-length': '100' }), 'whole');
  assert.is(mode({ 'content-length': '90' }), 'again');
  assert.is(mode({ 'content-length': '0' }), 'again');
  assert.is(mode({}), 'again');
  assert.is(mode({ etag: 'W/"a"', 'content-length': '90' }), 'again');
  assert.is(mode({ etag: '"b"', 'content-length': '90' }), 'again');
  assert.is(mode({ etag: '"b"', 'content-length': '100' }), 'again');
  assert.is(mode({ etag: '"a"', 'content-length': '90', 'content-range': 'bytes 10-99/100' }), 'ranged');
  assert.is(mode({ etag: '"a"', 'content-length': '90', 'content-range': 'bytes 9-98/100' }), 'again');
  assert.is(mode({ etag: '"a"', 'content-length': '80', 'content-range': 'bytes 10-99/100' }), 'again');
  assert.is(mode({ etag: '"b"', 'content-length': '90', 'content-range': 'bytes 10-99/100' }), 'again');
  assert.is(mode({}, 204), 'again');
});

test('a response to a request without a range is used or fails, and is not requested again', () => {
  const decision = interpret(416, headFrom({}), { from: 10, known });
  assert.ok(decision.mode === 'again');
  const last = (headers: Record<string, string>, status = 200): string => {
    try {
      const { reported, partialSizes } = decision;
      const whole = interpret(status, headFrom(headers), {
        from: null,
        known,
        reported,
        partialSizes,
      });
      assert.ok(whole.mode === 'whole');
      return `${whole.totalBytes}, not ${whole.partialBytes.join()}`;
    } catch (thrown) {
      return thrown instanceof SluiceError ? thrown.code : String(thrown);
    }
  };
  assert.is(last({ etag: '"a"', 'content-length': '100' }), '100, not ');
  assert.is(last({ etag: '"a"' }), '100, not ');
  assert.is(last({ etag: '"a"', 'content-length': '90' }), 'remote_contradiction');
  assert.is(last({ etag: '"b"', 'content-length': '90' }), '90, not ');
  assert.is(last({ 'content-length': '90' }), 'remote_contradiction');
  assert.is(last({ 'content-length': '55' }), '55, not 90');
  assert.is(last({}), '100, not 90');
  assert.is(last({ 'content-range': 'bytes 0-9/100' }, 206), 'remote_status');
  assert.is(last({ 'content-range': 'bytes 0-9/100' }), 'remote_status');
});

test('without bytes on the disk, only the size is compared, and another one is confirmed', () => {
  const mode = (headers: Record<string, string>): string =>
    interpret(200, headFrom(headers), { from: 0, known }).mode;
  assert.is(mode({ etag: '"a"', 'content-length': '100' }), 'whole');
  assert.is(mode({ etag: '"a"', 'content-length': '55' }), 'again');
  assert.is(mode({ etag: '"b"', 'content-length': '55' }), 'whole');
  assert.is(mode({ etag: '"b"' }), 'whole');
  assert.is(mode({ 'content-length': '100' }), 'whole');
  assert.is(mode({ 'content-length': '55' }), 'again');
  assert.is(mode({}), 'again');
});

test('a part is resumed only by a 206 that proves its version as far as RFC 9110 requires it to', () => {
  const range = { 'content-range': 'bytes 10-99/100' };
  const mode = (validators: Validators, headers: Record<string, string>): string =>
    interpret(206, headFrom({ ...range, ...headers }), { from: 10, known: { validators, totalBytes: 100 } })
      .mode;
  const monday = 'Mon, 05 Jan 2026 00:00:00 GMT';
  const tuesday = 'Tue, 06 Jan 2026 00:00:00 GMT';
  const dated = (etag: string | null): Validators => ({ etag, lastModified: monday, ifRange: monday });
  for (const [known, headers, expected] of [
    [strong('"a"'), { etag: '"a"' }, 'ranged'],
    [strong('"a"'), { etag: '"a"', 'last-modified': tuesday }, 'ranged'],
    [strong('"a"'), {}, 'again'],
    [strong('"a"'), { etag: 'W/"a"' }, 'again'],
    [strong('"a"'), { 'last-modified': monday }, 'again'],
    [{ ...strong('"a"'), lastModified: monday }, { 'last-modified': monday }, 'again'],
    // a date may be left out
    [dated(null), {}, 'ranged'],
    [dated(null), { 'last-modified': monday }, 'ranged'],
    [dated(null), { 'last-modified': monday, etag: '"b"' }, 'ranged'],
    [dated(null), { 'last-modified': tuesday }, 'again'],
    [dated(null), { etag: '"b"' }, 'again'],
    [dated('W/"a"'), { etag: 'W/"a"' }, 'ranged'],
    [dated('W/"a"'), { etag: 'W/"b"' }, 'again'],
    [dated('W/"a"'), { etag: 'W/"a"', 'last-modified': tuesday }, 'again'],
    [dated('W/"a"'), {}, 'ranged'],
  ] as const) {
    assert.is(mode(known, headers), expected, JSON.stringify([known, headers]));
  }
});

test('without a strong validator another date, weak ETag or total is another version', () => {
  const monday = 'Mon, 05 Jan 2026 00:00:00 GMT';
  const weak: Validators = { etag: 'W/"a"', lastModified: monday, ifRange: null };
  const decide = (validators: Validators, headers: Record<string, string>, total = 100): string => {
    const range = { 'content-range': `bytes 10-${total - 1}/${total}` };
    const known: Version = { validators, totalBytes: 100 };
    const decision = interpret(206, headFrom({ ...range, ...headers }), { from: 10, known });
    return decision.mode === 'again' && decision.isOther ? 'other' : decision.mode;
  };
  const none: Validators = { etag: null, lastModified: null, ifRange: null };
  assert.is(decide(weak, { etag: 'W/"a"', 'last-modified': monday }), 'ranged');
  assert.is(decide(weak, {}), 'ranged');
  assert.is(decide(weak, { etag: 'W/"b"' }), 'other');
  assert.is(decide(weak, { etag: 'W/"a"', 'last-modified': 'Tue, 06 Jan 2026 00:00:00 GMT' }), 'other');
  assert.is(decide(none, {}), 'ranged');
  assert.is(decide(none, {}, 101), 'other');
  assert.is(decide(strong('"a"'), { etag: '"a"' }, 101), 'again', 'which is a contradiction');
});

test('a weak ETag must report the size of its strong form, two weak ETags need not agree in the end', () => {
  const weak: Validators = { etag: 'W/"a"', lastModified: null, ifRange: null };
  const mode = (version: Validators, headers: Record<string, string>): string => {
    const reported: Version[] = [{ validators: version, totalBytes: 100 }];
    return interpret(200, headFrom(headers), { from: 0, known: null, reported }).mode;
  };
  assert.is(mode(strong('"a"'), { etag: 'W/"a"', 'content-length': '55' }), 'again');
  assert.is(mode(strong('"a"'), { etag: 'W/"a"', 'content-length': '100' }), 'whole');
  assert.is(mode(weak, { etag: '"a"', 'content-length': '55' }), 'again');
  assert.is(mode(weak, { etag: 'W/"a"', 'content-length': '55' }), 'again');
  const reported: Version[] = [{ validators: weak, totalBytes: 100 }];
  const headers = headFrom({ etag: 'W/"a"', 'content-length': '55' });
  const last = interpret(200, headers, { from: null, known: null, reported });
  assert.is(last.mode === 'whole' && last.totalBytes, 55);
  assert.is(mode(strong('"a"'), { etag: 'W/"b"', 'content-length': '55' }), 'whole');
});

test('an unusable part excludes its size for the whole file', () => {
  const decide = (headers: Record<string, string>, from: number): OpenDecision =>
    interpret(206, headFrom(headers), { from, known: null });
  const none = { etag: null, lastModified: null, ifRange: null };
  // without a validator, so that the rest cannot be requested
  assert.equal(decide({ 'content-range': 'bytes 0-9/100' }, 0), {
    mode: 'again',
    isOther: false,
    reported: [{ validators: none, totalBytes: 100 }],
    partialSizes: [{ validators: none, bytes: 10 }],
  });
  // of another range
  assert.equal(decide({ 'content-range': 'bytes 0-99/100', etag: '"a"' }, 5), {
    mode: 'again',
    isOther: false,
    reported: [{ validators: strong('"a"'), totalBytes: 100 }],
    partialSizes: [],
  });
  assert.is(decide({ 'content-range': 'bytes 0-9/100', etag: '"a"' }, 0).mode, 'ranged');
  assert.is(decide({ 'content-range': 'bytes 0-99/100' }, 0).mode, 'ranged');
});

test.run();
