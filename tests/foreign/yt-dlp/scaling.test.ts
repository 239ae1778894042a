import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOf, messageOf } from '#lib/foreign/yt-dlp/failure.ts';
import { readYtDlpListing } from '#lib/foreign/yt-dlp/listing.ts';
import { SOUND, VIDEO, WORST_INFOS } from './worst-infos.ts';
import { growthOf, MOST, oddTexts, testGrowth, tooSteep } from '../../support/scaling.ts';

const PAGE = 'https://videos.example/watch';
const SIZE = 400_000;
const list = (json: string): unknown =>
  readYtDlpListing({ chunks: [new TextEncoder().encode(json)], url: PAGE, canJoin: true });

testGrowth(test, WORST_INFOS, {
  title: (what) => `an info JSON of twice as much of ${what}`,
  read: list,
  size: SIZE,
});

/** Twice as many of these are still fewer than are read of one item, so that nothing hides how it grows. */
const FEWER = 2400;
/** Each video can be had with each of these. */
const LANGUAGES = ['de', 'en', 'fr', 'it', 'ja', 'zh']
  .map((language) => `{"format_id":"${language}","ext":"m4a","vcodec":"none","language":"${language}"},`)
  .join('');
const FORMATS: Record<string, string> = {
  'of distinct heights': '{"format_id":"v\u0001","height":\u0001},',
  'of distinct heights, without sound': '{"format_id":"v\u0001","acodec":"none","height":\u0001},',
  'of distinct bit rates': '{"format_id":"v\u0001","vcodec":"x","tbr":\u0001},',
  'of distinct notes': '{"format_id":"v\u0001","vcodec":"x","format_note":"n\u0001"},',
  'of H.264 and others':
    '{"format_id":"v\u0001","vcodec":"x","height":\u0001},{"format_id":"h\u0001","vcodec":"avc1","height":\u0001},',
  'of one height': '{"format_id":"v\u0001","height":1,"tbr":\u0001},',
  'of sound in distinct languages':
    '{"format_id":"a\u0001","ext":"m4a","vcodec":"none","language":"l\u0001"},',
  'of sound with distinct extensions': '{"format_id":"a\u0001","ext":"x\u0001","vcodec":"none"},',
  'of sound alike in one extension': '{"format_id":"a\u0001","ext":"m4a","vcodec":"none","abr":\u0001},',
  'of pictures': '{"format_id":"i\u0001","ext":"jpg"},',
};

const formats = Object.entries(FORMATS).map(([what, unit]): [string, (count: number) => string] => [
  what,
  (count: number) => {
    const units = Array.from({ length: count / (unit.split('},').length - 1) }, (_, i) =>
      unit.replaceAll('\u0001', String(i)),
    );
    return `{"formats":[${LANGUAGES}${units.join('')}{}]}`;
  },
]);
testGrowth(test, Object.fromEntries(formats), {
  title: (what) => `an info JSON of twice as many formats ${what}`,
  read: list,
  size: FEWER,
});

const VALUES = [
  ...[
    '{}',
    '[]',
    '""',
    '0',
    '-1e9',
    'null',
    'true',
    '"\\u0041"',
    '"\\\\"',
    '"x\u0001"',
    '[{}]',
    '{"x":[]}',
    ' ',
  ],
  ...[VIDEO.slice(0, -1), SOUND.slice(0, -1), '{"format_id":"\u0001","ext":"jpg"}', '{"format_note":" x "}'],
  ...[
    '{"id":"\u0001","url":"https://x.example/\u0001"}',
    '{"formats":[{}]}',
    '{"url":"//"}',
    '{"title":" "}',
  ],
].map((value) => `${value},`);

for (const [start, end] of [
  ['{"formats":[', '0]}'],
  ['{"entries":[', '0]}'],
  ['{"entries":[{"formats":[', '0]}]}'],
  ['{"other":[', '0]}'],
] as const) {
  test(`odd values in ${start}, twice as many, take at most three times the CPU`, () => {
    const steep = tooSteep(
      oddTexts(VALUES, { seed: 13, count: 15 }),
      (text) => list(start + text + end),
      SIZE,
    );
    assert.equal(steep, []);
  });
}

const WORDS = [
  ...[
    'ERROR: ',
    '[generic] ',
    'unable to write data: ',
    'Permission denied',
    'bytes read, ',
    ' more expected',
  ],
  ...[
    'invalid ',
    ' value',
    'usage: ',
    'HTTP Error ',
    '404',
    'Sign in',
    'There',
    "'s",
    ' is no video in',
    'ffmpeg ',
  ],
  ...[
    'not found',
    '; please report this issue on ',
    ' (caused by ',
    '/',
    '/a',
    "'",
    '"',
    ' ',
    '\t',
    '\n',
    ':',
    '.',
  ],
  ...[
    '\u001b[',
    '\u001b[0;31m',
    ';',
    'm',
    '0',
    'x',
    'geo restrict',
    'your ',
    'country',
    '[Errno 28]',
    '\u0001',
  ],
];

test('odd error lines of twice the length take at most three times the CPU', () => {
  const understand = (text: string): unknown => [
    failureOf([text, text], 1, null),
    messageOf(text.slice(0, 4000)),
  ];
  assert.equal(tooSteep(oddTexts(WORDS, { seed: 17, count: 40 }), understand, SIZE), []);
});

test('of a flood of error lines the last ones are used', () => {
  const growth = growthOf((size) => {
    const lines = Array.from({ length: size / 10 }, (_, i) => `unable to write data: ${i}`);
    return () => failureOf(lines, 1, null);
  }, SIZE);
  assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  assert.is(
    failureOf([...Array<string>(100).fill('HTTP Error 404'), ...Array<string>(50).fill('x')], 1, null).code,
    'engine_exit',
  );
});

test.run();
