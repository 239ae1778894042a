import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errorLines, failureOf } from '#lib/foreign/lux/failure.ts';
import { readLuxListing } from '#lib/foreign/lux/listing.ts';
import { WORST_LISTINGS } from './worst-listings.ts';
import { oddTexts, testGrowth, tooSteep } from '../../support/scaling.ts';

const SIZE = 400_000;
const list = (printed: string): unknown =>
  readLuxListing({
    engine: 'lux',
    chunks: [new TextEncoder().encode(printed)],
    exitCode: 0,
    signal: null,
    address: 'https://videos.example/1',
  });

testGrowth(test, WORST_LISTINGS, {
  title: (what) => `a listing of twice as many ${what}`,
  read: list,
  size: SIZE,
});

const WORDS = [
  ...[
    'Downloading ',
    ' error:',
    'Run ',
    ' failed: ',
    'Incorrect Usage',
    ': ',
    '\n',
    '\r\n',
    '\r',
    ' ',
    '\t',
    '[',
    '{',
  ],
  ...[
    '"',
    '}',
    ']',
    ',',
    ':',
    'ffmpeg',
    'ffprobe',
    ' not ',
    'found',
    'stream ',
    'no stream named',
    'HTTP ',
    '404',
  ],
  ...[
    '\u001b[',
    '\u001b[36m',
    ';',
    'm',
    '0',
    'x',
    'x509',
    'EOF',
    'tls: ',
    '\u00a0',
    '\u2028',
    '\u0001',
    '\0',
    '\u00e9',
  ],
];

test('odd output of lux of twice the length takes at most three times the CPU', () => {
  const understand = (text: string): unknown => [errorLines(text), failureOf('lux', [text, text], 1, null)];
  assert.equal(tooSteep(oddTexts(WORDS, { seed: 19, count: 40 }), understand, SIZE), []);
  assert.equal(tooSteep(oddTexts(WORDS, { seed: 23, count: 40 }), list, SIZE), []);
});

test.run();
