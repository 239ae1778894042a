/** What a head of 16 KiB costs the main thread: side by side with an ordinary one of that size. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classify, isFile } from '#lib/annie/http/content/classify.ts';
import { codingsOf, withoutFalseCoding } from '#lib/annie/http/head/codings.ts';
import { Cookies } from '#lib/annie/http/client/cookies.server.ts';
import {
  charsetOf,
  contentTypeOf,
  dispositionName,
  headFrom,
  validatorsOf,
} from '#lib/annie/http/head/head.ts';
import { readPlainHead } from '#lib/annie/http/client/plain-head.ts';
import { addressText } from '#lib/annie/http/head/header-text.ts';
import { fileNameFor } from '#lib/annie/http/head/names.ts';
import { Dice } from '../progress/dice.ts';
import { cpuOf, repeated } from '../../support/scaling.ts';

const HEAD_BYTES = 16 * 1024;
/** The ordinary head takes 0.2 ms. With a decoder and an exception for each word one took 80. */
const MOST_TIMES = 10;
const URL_OF_ALL = new URL('https://example.com/get');

const CHARSETS = ['utf-8', 'iso-2022-jp', 'gb18030', 'utf-16le', 'windows-1252', 'x-none', null];
const WORDS = [
  ...[
    'a',
    '\xe9',
    '\xc3\xa9',
    '\xef\xbf\xbd',
    '\x1b$B',
    '\xff',
    '%e9',
    '%c3%a9',
    '%',
    '"',
    '\\',
    '=',
    "''",
    ',',
    '.',
  ],
  ...[
    ' ',
    ' ',
    ' ',
    '\t',
    ';',
    ';',
    'filename=',
    'filename*=',
    "utf-8''",
    'x-\u0001',
    '=?',
    '?=',
    '?q?',
    '?b?',
  ],
  ...[
    '=?utf-8?q?=e9?= ',
    '=?iso-2022-jp?b?4w==?= ',
    '=?x-\u0001?q?a?= ',
    ';filename=\xe9',
    ";filename*=x-\u0001''%e9",
  ],
];

type Fields = Record<string, string>;

/** All that is read of one head by a look-up. */
function readHead(fields: Fields): unknown {
  const text = Object.entries(fields).map((field) => field.join(': '));
  const received = readPlainHead(['HTTP/1.1 200 OK', ...text].join('\r\n'))?.head ?? headFrom(fields);
  const head = withoutFalseCoding(URL_OF_ALL, received);
  const response = { url: URL_OF_ALL, status: 200, head };
  const name = fileNameFor(URL_OF_ALL, dispositionName(head), contentTypeOf(head));
  return [
    ...[classify(URL_OF_ALL, 200, head, new Uint8Array()), isFile(response), name, charsetOf(head)],
    ...[codingsOf(head), validatorsOf(head), addressText(head.get('refresh') ?? '')],
    addressText(head.get('location') ?? ''),
  ];
}

const ordinary: Fields = Object.fromEntries([
  ['content-type', 'video/mp4; charset=utf-8'],
  ['content-disposition', `attachment; filename="${'a '.repeat(60)}.mp4"`],
  ...Array.from({ length: HEAD_BYTES / 64 }, (_, i) => [`x-field-number-${i}`, 'v'.repeat(40)]),
]) as Fields;

/** Fields with a text of a few words of the alphabet, repeated up to the size of a head. */
function* worstHeads(): Generator<Fields> {
  const dice = new Dice(12);
  const units = ['\xe9 ', '%e9 ', ...WORDS.slice(-5)];
  for (let i = 0; i < 40; i++)
    units.push(Array.from({ length: 1 + dice.below(4) }, () => dice.pick(WORDS)).join(''));
  for (const unit of units) {
    const charset = dice.pick(CHARSETS);
    // Of the size that is read at most, and of all there is room for.
    const text = repeated(unit, dice.below(2) === 0 ? 4000 : HEAD_BYTES - 200);
    const type = charset === null ? 'video/mp4' : `video/mp4; charset=${charset}`;
    yield {
      'content-type': type,
      'content-encoding': 'gzip',
      'content-disposition': `attachment; filename=${text}`,
    };
    const field = dice.pick(['content-type', 'content-encoding', 'refresh', 'location', 'etag']);
    yield { 'content-type': type, [field]: text };
  }
}

test('no head of 16 KiB takes many times the CPU of an ordinary one, whatever its words and its charset', () => {
  const tooSlow: string[] = [];
  const ordinaryMs = cpuOf(() => readHead(ordinary));
  for (const fields of worstHeads()) {
    let times = Infinity;
    for (let attempt = 0; attempt < 3 && times > MOST_TIMES; attempt++)
      times = cpuOf(() => readHead({ ...ordinary, ...fields })) / ordinaryMs;
    const said = JSON.stringify(fields).slice(0, 200);
    if (times > MOST_TIMES) tooSlow.push(`${said}: ${times.toFixed(1)} times`);
  }
  assert.equal(tooSlow, []);
});

test('a head of nothing but cookies takes only the first 200', async () => {
  const cookies = new Cookies(null);
  const fields = Array.from({ length: 1000 }, (_, i) => `c${i % 500}=${i}`);
  await cookies.receive(URL_OF_ALL, fields);
  const sent = cookies.headerFor(URL_OF_ALL)?.split('; ') ?? [];
  assert.is(sent.length, 200);
  assert.ok(sent.includes('c0=0'), 'none was replaced by a later field');
});

const nameIn = (disposition: string, type = 'video/mp4'): string | null =>
  dispositionName(headFrom({ 'content-type': type, 'content-disposition': disposition }));

test('a name is read in a value of up to 4 KiB, and what is longer is no name', () => {
  const name = `${'n'.repeat(4090)}.mp4`;
  assert.is(nameIn(`attachment; filename=${name}`), name);
  assert.is(nameIn(`attachment; filename=${'n'.repeat(4093)}.mp4`), null);
  assert.is(nameIn(`attachment; filename=${'n'.repeat(5000)}; filename=b.mp4`), 'b.mp4');
  assert.is(nameIn(`attachment; x=${'n'.repeat(9000)}; filename=b.mp4`), 'b.mp4');
  assert.is(
    nameIn(`attachment; filename=${'n'.repeat(3000)}; filename*=utf-8''${'m'.repeat(1000)}`)?.[0],
    'm',
  );
});

test('a decoder that has met bytes of another charset reads the next name', () => {
  const type = 'video/mp4; charset=iso-2022-jp';
  const japanese = '\x1b$B%"\x1b(B.mp4';
  for (let times = 0; times < 2; times++) {
    assert.is(nameIn('attachment; filename=\xe9\x1b$B', type), '\xe9\x1b$B');
    assert.is(
      nameIn(`attachment; filename*=iso-2022-jp''${encodeURIComponent(japanese)}`, type),
      '\u30a2.mp4',
    );
  }
  assert.is(nameIn('attachment; filename=\xef\xbf\xbd.mp4'), '\ufffd.mp4', 'sent as such');
  assert.is(nameIn("attachment; filename*=utf-8''%ff.mp4"), null);
  assert.is(nameIn("attachment; filename*=x-nope''a.mp4"), null);
});

test.run();
