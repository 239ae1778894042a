/** Qualities that would look alike, of all engines. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codecName, distinctQualities, type Quality } from '#lib/foreign/distinct-qualities.ts';
import { readListing } from '#lib/foreign/lux/listing.ts';
import { readPlaylist } from '#lib/foreign/playlist/playlist.ts';
import { pageOf } from '#lib/foreign/yt-dlp/items.ts';
import { growthOf, MOST } from '../support/scaling.ts';

test('only qualities that are alike get traits, and only those in which they differ', () => {
  const rows = [
    { quality: '1080p', traits: ['AV1', 'en', '5000 kbit/s'] },
    { quality: '1080p', traits: ['H.264', 'en', '6000 kbit/s'] },
    { quality: '720p', traits: ['H.264', 'en', '3000 kbit/s'] },
    { quality: '180p', traits: ['H.264', 'en', '300 kbit/s'] },
    { quality: '180p', traits: ['H.264', 'en', '200 kbit/s'] },
    { quality: '180p', traits: ['H.265', 'en', null] },
    { quality: 'x', traits: [null, null, null] },
    { quality: 'x', traits: [null, null, null] },
  ];
  assert.equal(distinctQualities(rows), [
    '1080p · AV1',
    '1080p · H.264',
    '720p',
    '180p · H.264 · 300 kbit/s',
    '180p · H.264 · 200 kbit/s',
    '180p · H.265',
    'x',
    'x (2)',
  ]);
  assert.equal(distinctQualities([]), []);
});

test('a number is not given twice', () => {
  const numbered = (...labels: string[]): string[] =>
    distinctQualities(labels.map((quality) => ({ quality, traits: [] })));
  assert.equal(numbered('x', 'x', 'x (2)'), ['x', 'x (3)', 'x (2)']);
  assert.equal(numbered('x (2)', 'x', 'x', 'x (2)', 'x'), ['x (2)', 'x', 'x (3)', 'x (2) (2)', 'x (4)']);
});

test('twice as many labels take at most three times the CPU, alike or not', () => {
  const kinds: Record<string, (i: number) => Quality> = {
    alike: () => ({ quality: 'x', traits: ['t', null, 't'] }),
    'alike but for the last': (i) => ({ quality: 'x', traits: [i === 0 ? 'u' : 't', null, 't'] }),
    distinct: (i) => ({ quality: `x${i}`, traits: [`t${i}`] }),
    numbered: (i) => ({ quality: i % 2 === 0 ? 'x' : `x (${i})`, traits: [] }),
    'with distinct traits': (i) => ({ quality: 'x', traits: [`t${i}`, 'u'] }),
  };
  for (const [what, make] of Object.entries(kinds)) {
    const growth = growthOf((length) => {
      const rows = Array.from({ length }, (_, i) => make(i));
      return () => distinctQualities(rows);
    }, 4000);
    assert.ok(growth <= MOST, `${what}: ${growth.toFixed(1)} times`);
  }
});

test('labels of ordinary length are always different', () => {
  const trait = fc.option(fc.constantFrom('a', 'b', 'c'));
  const row = fc.record({
    quality: fc.constantFrom('1', '2', '1 (2)', '1 (3)', '1 (2) (2)'),
    traits: fc.tuple(trait, trait, trait),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      assert.is(new Set(distinctQualities(rows)).size, rows.length);
    }),
  );
});

test('codecs are named as people know them', () => {
  const names = [
    'avc1.42c01e',
    'h264',
    'hvc1.1.6',
    'hev1',
    'av01.0.08M',
    'vp9',
    'vp09.00',
    'vp8',
    'mp4a.40.2',
    'none',
    '',
  ];
  assert.equal(names.map(codecName), [
    ...['H.264', 'H.264', 'H.265', 'H.265', 'AV1', 'VP9', 'VP9', 'VP8'],
    ...[null, null, null],
  ]);
});

const variants = (...lines: string[]): string[] => {
  const text = `#EXTM3U\n${lines.map((line, index) => `#EXT-X-STREAM-INF:${line}\n${index}.m3u8`).join('\n')}\n`;
  const playlist = readPlaylist({ chunks: [Buffer.from(text)], url: 'https://a.example/m.m3u8' });
  return playlist.kind === 'master' ? playlist.variants.map(({ quality }) => quality) : [];
};

test('Dolby Vision is told from HDR10 and from plain HEVC', () => {
  const hevc = (bits: number, codecs: string, more = ''): string =>
    `BANDWIDTH=${bits},RESOLUTION=1280x720,CODECS="${codecs},mp4a.40.2"${more}`;
  assert.equal(variants(hevc(3e6, 'dvh1.05.03'), hevc(3e6, 'hvc1.2.4.L93')), ['720p · Dolby Vision', '720p']);
  const layered = ',VIDEO-RANGE=PQ,SUPPLEMENTAL-CODECS="dvh1.08.03/db1p"';
  assert.equal(variants(hevc(3e6, 'hvc1.2.4.L93', layered), hevc(3e6, 'hvc1.2.4.L93', ',VIDEO-RANGE=PQ')), [
    '720p · Dolby Vision',
    '720p · HDR',
  ]);
});

test('HLS variants of one height are told apart by codec, frame rate, range or bit rate', () => {
  const base = 'RESOLUTION=320x180,CODECS="avc1.42c00d,mp4a.40.2"';
  assert.equal(variants(`BANDWIDTH=300000,${base}`, `BANDWIDTH=200000,${base}`, `BANDWIDTH=100000,${base}`), [
    '180p · 300 kbit/s',
    '180p · 200 kbit/s',
    '180p · 100 kbit/s',
  ]);
  const full = 'RESOLUTION=1920x1080';
  assert.equal(
    variants(
      `BANDWIDTH=9000000,${full},CODECS="hvc1.2.4,mp4a.40.2",VIDEO-RANGE=PQ,FRAME-RATE=60`,
      `BANDWIDTH=8000000,${full},CODECS="hvc1.2.4,mp4a.40.2",FRAME-RATE=60`,
      `BANDWIDTH=6000000,${full},CODECS="avc1.64,mp4a.40.2",FRAME-RATE=60`,
      `BANDWIDTH=4000000,${full},CODECS="avc1.64,mp4a.40.2",FRAME-RATE=30`,
    ),
    ['1080p · H.265 · HDR', '1080p · H.265', '1080p · H.264 · 60 fps', '1080p · H.264 · 30 fps'],
  );
});

test('an upright HLS variant is named by its shorter side', () => {
  assert.equal(variants('BANDWIDTH=1,RESOLUTION=1080x1920', 'BANDWIDTH=1,RESOLUTION=1920x720'), [
    '1080p',
    '720p',
  ]);
});

const format = (format_id: string, more: object): object => ({
  format_id,
  ext: 'mp4',
  vcodec: 'avc1.64',
  acodec: 'none',
  height: 1080,
  width: 1920,
  ...more,
});
const sound = (format_id: string, more: object): object => ({
  format_id,
  ext: 'm4a',
  vcodec: 'none',
  acodec: 'aac',
  ...more,
});
const streams = (formats: object[]) =>
  pageOf({ id: 'x', title: 't', formats }, { url: 'https://a.example/', canJoin: true }).found[0]!.item
    .streams;

test('of yt-dlp H.264 can be had beside what is better, and alone where it is the best', () => {
  const formats = [
    sound('a', {}),
    format('h-720', { height: 720 }),
    format('v-720', { height: 720, vcodec: 'vp9', ext: 'webm' }),
    format('v-1080', { vcodec: 'vp9', ext: 'webm' }),
    format('h-1080', {}),
    format('a-1440', { height: 1440, vcodec: 'av01' }),
  ];
  assert.equal(
    streams(formats).map(({ id, quality, isDefault }) => [id, quality, isDefault]),
    [
      ['a-1440+a', '1440p', true],
      ['h-1080+a', '1080p', false],
      ['v-720+a', '720p · VP9', false],
      ['h-720+a', '720p · H.264', false],
      ['a', 'audio only', false],
    ],
  );
});

test('of yt-dlp each language can be had, the preferred one first, and sizes are estimated', () => {
  const formats = [
    sound('de', { language: 'de', filesize: 100 }),
    sound('en', { language: 'en', filesize: 200 }),
    format('v', { filesize_approx: 1000.4 }),
  ];
  assert.equal(
    streams(formats).map(({ id, quality, bytes, estimatedBytes }) => [id, quality, bytes, estimatedBytes]),
    [
      ['v+en', '1080p · en', null, 1200],
      ['v+de', '1080p · de', null, 1100],
      ['en', 'audio only · en', 200, undefined],
      ['de', 'audio only · de', 100, undefined],
    ],
  );
});

test('of lux qualities of one name are told apart by what else is known of them', () => {
  const part = { url: 'https://a.example/1.mp4', size: 5, ext: 'mp4' };
  const stream = (ext: string) => ({ quality: '高清', size: 5, parts: [part], ext });
  const entry = {
    url: 'https://a.example/',
    site: 's',
    title: 't',
    type: 'video',
    streams: { hd1: stream('mp4'), hd2: stream('mp4'), flv: stream('flv') },
  };
  const [found] = readListing(Buffer.from(JSON.stringify([entry])), 'https://a.example/');
  assert.equal(
    found?.item.streams.map(({ quality }) => quality),
    ['高清 · mp4 · hd1', '高清 · mp4 · hd2', '高清 · flv'],
  );
});

test.run();
