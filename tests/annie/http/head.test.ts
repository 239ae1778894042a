import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { interpret } from '#lib/annie/http/file/open-decision.ts';
import { readPlainHead } from '#lib/annie/http/client/plain-head.ts';
import { contentRangeOf, dispositionName, headFrom, validatorsOf } from '#lib/annie/http/head/head.ts';
import { createMeter } from '#lib/annie/http/meter.ts';
import { extensionOf, fileNameFor, mediaTypeOf, stemOf } from '#lib/annie/http/head/names.ts';
import { retryAfterMs, statusError } from '#lib/annie/http/failure/status.ts';
import { deriveProgress } from '#lib/protocol/channel.ts';
import type { Sample } from '#lib/protocol/progress.ts';

test('only strong validators are sent in If-Range', () => {
  const ifRange = (headers: Record<string, string>): string | null => validatorsOf(headFrom(headers)).ifRange;
  const modified = 'Tue, 03 Feb 2026 04:05:06 GMT';
  assert.is(ifRange({ etag: '"a"' }), '"a"');
  assert.is(ifRange({ etag: 'W/"a"' }), null);
  assert.is(ifRange({ etag: 'bare' }), null);
  assert.is(ifRange({ 'last-modified': modified }), null);
  assert.is(ifRange({ 'last-modified': modified, date: modified }), null);
  assert.is(ifRange({ 'last-modified': modified, date: 'Tue, 03 Feb 2026 04:05:07 GMT' }), modified);
  assert.is(
    ifRange({ etag: 'W/"a"', 'last-modified': modified, date: 'Tue, 03 Feb 2026 04:06:06 GMT' }),
    modified,
  );
});

test('a part is used only if it is the requested one', () => {
  const part = (range: string, rest: Record<string, string> = {}): ReturnType<typeof headFrom> =>
    headFrom({ 'content-range': range, etag: '"a"', ...rest });
  const known = { validators: { etag: '"a"', lastModified: null, ifRange: '"a"' }, totalBytes: 100 };
  const mode = (status: number, head: ReturnType<typeof headFrom>, from: number | null): string =>
    interpret(status, head, { from, known }).mode;
  assert.is(mode(206, part('bytes 10-99/100'), 10), 'ranged');
  assert.is(mode(206, part('bytes 0-99/100'), 10), 'again');
  assert.is(mode(206, part('bytes 10-99/101'), 10), 'again');
  assert.is(mode(206, part('bytes 10-99/*'), 10), 'again');
  assert.is(mode(206, part('bytes 10-99/100', { etag: '"b"' }), 10), 'again');
  assert.is(mode(206, part('bytes 10-99/100', { 'content-encoding': 'gzip' }), 10), 'again');
  assert.is(mode(206, part('nonsense'), 10), 'again');
  assert.is(mode(200, headFrom({ 'content-length': '100' }), 10), 'whole');
  assert.is(mode(200, headFrom({ 'content-length': '5' }), 10), 'again');
  assert.is(mode(416, headFrom({}), 10), 'again');
  assert.throws(() => mode(416, headFrom({}), null));
  assert.is(mode(206, part('bytes 10-99/100', { 'content-length': '91' }), 10), 'again');
});

test('malformed ranges are not ranges', () => {
  for (const text of [
    'bytes 5-4/10',
    'bytes 0-10/10',
    'bytes -1-4/10',
    'bytes 0-1e9/10',
    'items 0-1/2',
    'bytes 0-99999999999999999999/*',
  ]) {
    assert.is(contentRangeOf(headFrom({ 'content-range': text })), null, text);
  }
});

test('the plain head reader accepts plain heads and nothing else', () => {
  const read = (lines: string[]): number | null => readPlainHead(lines.join('\r\n'))?.status ?? null;
  assert.is(read(['HTTP/1.1 206 Partial Content', 'Content-Length: 5', 'X: ']), 206);
  assert.is(read(['HTTP/1.0 200 OK']), null);
  assert.is(read(['HTTP/1.1 200 OK', 'Content-Length: 5', 'content-length: 6']), null);
  assert.is(read(['HTTP/1.1 200 OK', 'A: b', ' folded']), null);
  assert.is(read(['HTTP/1.1 200 OK', 'A : b']), null);
  assert.is(read(['HTTP/1.1 200 OK', 'A: b\nInjected: c']), null);
  fc.assert(fc.property(fc.string(), (text) => readPlainHead(text) === null || text.startsWith('HTTP/1.1 ')));
});

test('statuses map to codes, and Retry-After is read as seconds and as a date', () => {
  assert.is(statusError(451, null, 0).code, 'remote_denied');
  assert.is(statusError(429, '3', 0).retryAfterMs, 3000);
  assert.equal([statusError(503, '3', 0).code, statusError(503, '3', 0).retryAfterMs], ['remote_busy', 3000]);
  assert.is(statusError(503, null, 0).retryAfterMs, null);
  for (const status of [408, 425, 429, 500, 503])
    assert.ok(statusError(status, null, 0).transient, `${status}`);
  assert.not(statusError(404, null, 0).transient);
  assert.is(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000);
  assert.is(retryAfterMs('soon', 0), null);
  assert.is(retryAfterMs('99999999', 0), 3_600_000);
  assert.is(retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT', 4000), 0);
});

test('names, extensions and media types are found in headers and addresses', () => {
  const name = (url: string, disposition: string | null, type: string | null): string =>
    fileNameFor(new URL(url), disposition, type);
  assert.is(name('http://x/a/b%20c.mp4?x=1', null, 'video/mp4'), 'b c.mp4');
  assert.is(name('http://x.example/', null, 'video/mp4'), 'x.example.mp4');
  assert.is(name('http://x/%ff', null, null), '%ff');
  assert.is(name('http://x/get.php', 'clip', 'video/webm'), 'clip.webm');
  assert.is(dispositionName(headFrom({ 'content-disposition': 'attachment; filename=' })), null);
  assert.is(extensionOf('a.TAR.GZ'), 'gz');
  assert.is(extensionOf('v1.2'), '');
  assert.is(stemOf('a.b.mp4'), 'a.b');
  assert.is(mediaTypeOf('application/octet-stream', 'mp4'), 'video');
  assert.is(mediaTypeOf('audio/mpeg', 'bin'), 'audio');
  assert.is(mediaTypeOf(null, 'zip'), 'file');
});

test('speed is averaged over the last seconds, unknown at first, and 0 when nothing arrives', () => {
  const meter = createMeter(1000, 0);
  const at = (ms: number, receivedBytes: number): ReturnType<typeof meter.sample> =>
    meter.sample({ receivedBytes, totalBytes: 101_000 }, ms);
  const secondsLeft = (sample: Sample): number | null =>
    deriveProgress({ ...sample, state: 'download' }).etaSeconds;
  assert.is(at(100, 2000).bytesPerSecond, null);
  assert.is(at(1000, 11_000).bytesPerSecond, 10_000);
  assert.is(secondsLeft(at(1000, 11_000)), 9);
  for (let ms = 1250; ms <= 9000; ms += 250) at(ms, 11_000);
  assert.is(at(9250, 11_000).bytesPerSecond, 0);
  assert.is(secondsLeft(at(9250, 11_000)), null);
  assert.is(meter.update({ receivedBytes: 0, totalBytes: null }, 9260), null);
});

test.run();
