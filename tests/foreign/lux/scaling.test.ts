import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errorLines, failureOf } from '#lib/foreign/lux/failure.ts';
import { readLuxListing } from '#lib/foreign/lux/listing.ts';
import { growthOf, MOST, oddTexts, repeated, tooSteep } from '../../support/scaling.ts';

const SIZE = 400_000;
const list = (printed: string): unknown =>
  readLuxListing({
    engine: 'lux',
    chunks: [new TextEncoder().encode(printed)],
    exitCode: 0,
    signal: null,
    address: 'https://videos.example/1',
  });
const PART = '{"url":"https://cdn.example/\u0001","size":\u0001,"ext":"jpg"},';
const stream = (parts: string): string => `{"quality":"q","size":1,"parts":[${parts}{}]}`;
const entry = (streams: string, type = 'video'): string =>
  `{"url":"https://x.example/\u0001","site":"s","title":"t","type":"${type}","streams":{${streams}}}`;

const PRINTED: Record<string, (size: number) => string> = {
  'lines that begin an error': (n) => repeated('Downloading ', n),
  errors: (n) => repeated('Downloading x error:\nHTTP 404\n', n),
  'errors that say nothing': (n) => repeated('Downloading x error:\n\n', n),
  'runs that failed': (n) => repeated('Run x failed: y\n', n),
  'empty lines': (n) => repeated('\n ', n),
  'blanks in one line': (n) => `${repeated(' ', n)}x`,
  entries: (n) => `[${repeated(`${entry(`"a":${stream(PART)}`)},`, n)}{}]`,
  streams: (n) => `[${entry(repeated(`"s\u0001":${stream(PART)},`, n) + '"z":{}')}]`,
  parts: (n) => `[${entry(`"a":${stream(repeated(PART, n))}`)}]`,
  pictures: (n) => `[${entry(`"a":${stream(repeated(PART, n))}`, 'image')}]`,
  'other names': (n) => `[{${repeated('"k\u0001":0,', n)}"x":0}]`,
  'empty objects': (n) => `[${repeated('{},', n)}{}]`,
  'lists in lists': (n) => repeated('[', n / 2) + repeated(']', n / 2),
};

for (const [what, make] of Object.entries(PRINTED)) {
  test(`a listing of twice as many ${what} takes at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const printed = make(size);
      return () => list(printed);
    }, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

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
