import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readProgramFailure } from '#lib/foreign/program/failure.ts';
import { readProgramListing } from '#lib/foreign/program/listing.ts';
import { oddTexts, repeated, testGrowth, tooSteep } from '../../support/scaling.ts';

const SIZE = 400_000;
const EXIT = { engine: 'program:x', stderr: '', exitCode: 0, signal: null };
const list = (printed: string): unknown =>
  readProgramListing({ ...EXIT, chunks: [new TextEncoder().encode(printed)] });
const STREAM = '{"id":"\u0001","quality":"q","ext":"jpg"},';
const item = (streams: string): string =>
  `{"type":"item","url":"https://x.example/\u0001","title":"t","streams":[${streams}{}]}\n`;

const PRINTED: Record<string, (size: number) => string> = {
  items: (n) => repeated(item(STREAM), n),
  // Each within the longest line.
  'items with many streams': (n) => repeated(item(repeated(STREAM, 9_000)), n),
  'empty lines': (n) => repeated('\n', n),
  blanks: (n) => repeated(' ', n),
  'empty objects': (n) => repeated('{}\n', Math.min(n, 30_000)),
  errors: (n) => `{"type":"error","message":"${repeated('/a', n / 4)}"}`,
  'lists in lists': (n) => repeated('[', n / 4) + repeated(']', n / 4),
};

testGrowth(test, PRINTED, { title: (what) => `a listing of twice as many ${what}`, read: list, size: SIZE });

const WORDS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\n',
    '\r',
    ' ',
    '\t',
    '0',
    'x',
    '/',
    '/a',
    'https://x.example/',
  ],
  ...[
    '"type"',
    '"item"',
    '"error"',
    '"streams"',
    '"id"',
    '"message"',
    '\u001b[',
    'm',
    '\u00e9',
    '\u0001',
    '\0',
  ],
];

test('odd output of a program of twice the length takes at most three times the CPU', () => {
  const fail = (stderr: string): unknown => readProgramFailure({ ...EXIT, line: null, stderr });
  const say = (line: string): unknown => readProgramFailure({ ...EXIT, line, stderr: '' });
  for (const [seed, read] of [list, fail, say].entries())
    assert.equal(tooSteep(oddTexts(WORDS, { seed: 7 + seed, count: 8 }), read, SIZE), []);
});

test.run();
