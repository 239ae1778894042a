import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { downloadArguments } from '#lib/annie/lux/arguments.ts';
import { errorLines, failureOf } from '#lib/foreign/lux/failure.ts';
import {
  type LuxItem,
  type LuxListing,
  readListing as readPrinted,
  readLuxListing,
} from '#lib/foreign/lux/listing.ts';
import type { SluiceError } from '#lib/protocol/error.ts';

const PAGE = 'https://videos.example/1';
const part = (size: number, ext = 'mp4', url = 'https://cdn.example/x') => ({ url, size, ext });
const entry = (streams: object, more: object = {}) => ({
  url: PAGE,
  site: 'Videos videos.example',
  title: 'T',
  type: 'video',
  streams,
  ...more,
});
/** As lux prints it. */
const readListing = (printed: string, address: string): LuxItem[] =>
  readPrinted(Buffer.from(printed), address);
const read = (...entries: object[]) => readListing(JSON.stringify(entries), PAGE);

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (thrown) {
    return (thrown as SluiceError).code;
  }
  return 'no error';
}
test('streams are sorted by size, largest first, which is the default, with exact sizes', () => {
  const [found] = read(
    entry({
      low: { quality: '360p', size: 100, parts: [part(100)] },
      high: { quality: '720p', size: 900, parts: [part(400), part(500, 'm4a')], ext: 'mp4', NeedMux: true },
    }),
  );
  assert.equal(found?.item.streams, [
    { id: 'high', quality: '720p', bytes: 900, ext: 'mp4', isDefault: true },
    { id: 'low', quality: '360p', bytes: 100, ext: 'mp4', isDefault: false },
  ]);
  assert.equal(
    found?.streams.map(({ needsFfmpeg, parts }) => [needsFfmpeg, parts]),
    [
      [true, 2],
      [false, 1],
    ],
  );
});

test('a part of unknown size makes the total unknown, and lux must not divide it into chunks', () => {
  const [found] = read(entry({ hls: { quality: '720p', size: 5, parts: [part(5, 'ts'), part(0, 'ts')] } }));
  assert.is(found?.item.streams[0]?.bytes, null);
  const plan = found!.streams[0]!;
  assert.ok(downloadArguments(plan, 'lux').join(' ').includes('-cs 0'));
  assert.not(downloadArguments(plan, 'annie').includes('-cs'));
  assert.not(downloadArguments({ ...plan, bytes: 5 }, 'lux').includes('-cs'));
});

test("annie's sentence before the JSON, and its other names, are accepted", () => {
  const old = {
    site: 'Universal',
    title: 'clip',
    type: 'video/mp4',
    url: PAGE,
    streams: { default: { urls: [part(7)], size: 7 } },
  };
  const printed = `\nannie doesn't support this URL right now, but it will try\n${JSON.stringify(old, null, 2)}`;
  const [found] = readListing(printed, PAGE);
  assert.is(found?.item.site, 'videos.example');
  assert.equal(found?.item.streams, [
    { id: 'default', quality: 'default', bytes: 7, ext: 'mp4', isDefault: true },
  ]);
});

test('an album has one item for each picture, with its own address', () => {
  const parts = [1, 2].map((n) => part(n, 'jpg', `https://cdn.example/${n}.jpg`));
  const items = read(entry({ default: { size: 3, parts } }, { type: 'image' })).map(({ item }) => item);
  assert.equal(
    items.map(({ id, url, title, type }) => [id, url, title, type]),
    [
      ['1', 'https://cdn.example/1.jpg', 'T (1)', 'image'],
      ['2', 'https://cdn.example/2.jpg', 'T (2)', 'image'],
    ],
  );
});

test('a page that lux took for a file is unsupported_url', () => {
  const html = entry({ default: { size: 9, parts: [part(9)] } }, { site: 'Universal', type: 'text/html' });
  assert.is(
    codeOf(() => read(html)),
    'unsupported_url',
  );
});

test('invalid JSON and an empty listing have codes', () => {
  assert.is(
    codeOf(() => readListing('panic: runtime error', PAGE)),
    'engine_output',
  );
  assert.is(
    codeOf(() => readListing('[', PAGE)),
    'engine_output',
  );
  for (const empty of [[], [null], [{ err: {} }], [entry({})]]) {
    assert.is(
      codeOf(() => readListing(JSON.stringify(empty), PAGE)),
      'no_media',
    );
  }
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      codeOf(() => readListing(JSON.stringify(json), PAGE));
    }),
  );
});

test('error messages of Go map to our codes', () => {
  for (const [said, code] of [
    ['request error: Get "https://x": dial tcp: lookup x: no such host', 'dns_failed'],
    ['request error: Get "https://x": net/http: TLS handshake timeout', 'timeout'],
    ['https://x request error: HTTP 429', 'remote_busy'],
    ['no stream named 1080p', 'stream_not_found'],
    ['exec: "ffmpeg": executable file not found in $PATH', 'ffmpeg_missing'],
    ['write media.mp4.download: no space left on device', 'disk_full'],
    ['read tcp 1.2.3.4:5: read: connection reset by peer', 'connection_lost'],
    ['something new', 'engine_exit'],
  ] as const) {
    assert.is(failureOf('lux', [said], 1, null).code, code, said);
  }
  assert.equal(errorLines('Downloading http://x error:\nHTTP 404\ngithub.com/x\n\t/src/x.go:1\n'), [
    'HTTP 404',
  ]);
});

test('an output is a listing, or the meaning of its error lines', () => {
  const answer = (printed: string, exitCode: number | null = 0, signal: string | null = null): unknown => {
    const chunks = [Buffer.from(printed)];
    return readLuxListing({ engine: 'lux', chunks, exitCode, signal, address: PAGE });
  };
  const listed = JSON.stringify([entry({ a: { size: 1, parts: [part(1)] } })]);
  assert.is((answer(listed) as LuxListing).listed.length, 1);
  assert.is(
    codeOf(() => answer('Downloading x error:\n\n  HTTP 404\n')),
    'remote_not_found',
  );
  assert.is(
    codeOf(() => answer(listed, 1)),
    'engine_exit',
  );
  assert.is(
    codeOf(() => answer('', null, 'SIGKILL')),
    'engine_exit',
  );
});

test('an album of thousands lists 500 pictures, and is truncated', () => {
  const parts = Array.from({ length: 3000 }, (_, i) => part(i + 1, 'jpg', `https://cdn.example/${i}.jpg`));
  const printed = JSON.stringify([entry({ default: { size: 3, parts } }, { type: 'image' })]);
  const album = (text: string): LuxListing =>
    readLuxListing({ engine: 'lux', chunks: [Buffer.from(text)], exitCode: 0, signal: null, address: PAGE });
  assert.equal([album(printed).listed.length, album(printed).truncated], [500, true]);
  assert.not(album(JSON.stringify([entry({ a: { size: 1, parts: [part(1)] } })])).truncated);
});

test('stream ids that the add command refuses, and addresses that are too long, are not listed', () => {
  const [found] = read(
    entry(
      { ['x'.repeat(257)]: { size: 9, parts: [part(9)] }, b: { size: 1, parts: [part(1)] } },
      { url: `https://x.example/${'u'.repeat(9000)}` },
    ),
  );
  assert.equal([found?.item.url, found?.item.streams.map(({ id }) => id)], [PAGE, ['b']]);
});

test.run();
