import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readPbSizeByWord, readTightSize } from '#lib/annie/progress/numbers.ts';
import { createValues, SPEED, TOTAL } from '#lib/annie/progress/sample.ts';
import { type Source, viewOf } from '#lib/annie/progress/window.ts';
import { misfit, wordOf } from '#lib/annie/progress/words.ts';
import { readEta, readFragment, readSpeed, readTotal } from '#lib/annie/progress/ytdlp-fields.ts';
import { feed, utf8 } from './feed.ts';

test('a word is four characters in the order in which they stand', () => {
  const bytes = utf8('ab:0');
  assert.is(wordOf('ab:0'), new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true));
  assert.is(wordOf('00'), 0x3030);
});

test('misfit: any digit where a digit is wanted, one byte where one is, anything last where the mask is 0', () => {
  const model = utf8('10m2');
  for (let at = 0; at < 4; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.from(model);
      bytes[at] = byte;
      const word = bytes.readInt32LE(0) ^ wordOf('00m0');
      const fits = at === 2 ? byte === 0x6d : byte >= 0x30 && byte <= 0x39;
      assert.is(misfit(word, 0xf0fff0f0) === 0, fits, `${byte} at ${at}`);
      assert.is(misfit(word, 0xfff0f0) === 0, at === 3 || fits, `${byte} at ${at}, the last may be anything`);
    }
  }
});

type Read = (source: Source, i: number, out: Float64Array) => number;
const READERS: { name: string; read: Read; texts: string[] }[] = [
  {
    name: 'a size of annie',
    read: (source, i, out) => readPbSizeByWord(source, i, out, SPEED),
    texts: ['79.84 MiB', '1023.99 KiB', '0.00 GiB', '1.00 TiB', '512 B', '99999999999.99 GiB'],
  },
  {
    name: 'a size of yt-dlp',
    read: (source, i, out) => readTightSize(source, i, out, TOTAL),
    texts: ['14.89MiB', '512.00B', '1023.99KiB', '1.00TiB', '1.00YiB', '99999999999.99GiB'],
  },
  {
    name: 'a total',
    read: readTotal,
    texts: [' of   14.89MiB at ', ' of ~  6.28GiB at ', ' of N/A at ', ' at '],
  },
  { name: 'a speed', read: readSpeed, texts: ['   3.98MiB/s', ' Unknown B/s', ' N/A/s'] },
  {
    name: 'a time',
    read: readEta,
    texts: [
      ' ETA 00:02',
      ' ETA 59:59',
      ' ETA 01:02:03',
      ' ETA 100:00:00',
      ' ETA Unknown',
      ' ETA --:--:--',
      ' ETA   00:02',
    ],
  },
  { name: 'a fragment', read: readFragment, texts: [' (frag 1/4)', ' (frag 15/160)', ' (frag 3)'] },
];

function sourceOf(bytes: Buffer): Source {
  return { bytes, view: viewOf(bytes), generation: 0 };
}

for (const { name, read, texts } of READERS) {
  test(`${name}: what is left in the window behind the zero that ends it is not read`, () => {
    for (const text of texts) {
      // Of a size of annie the first byte was looked at before.
      for (let cut = 1; cut <= text.length; cut++) {
        // What is overwritten by the zero is there again behind it, as if an older chunk had had the very same text.
        const stale = Buffer.alloc(text.length + 17);
        stale.write(text, 'latin1');
        stale[cut] = 0;
        const clean = Buffer.alloc(text.length + 17);
        clean.write(text.slice(0, cut), 'latin1');
        const [a, b] = [createValues(), createValues()];
        const ends = [read(sourceOf(stale), 0, a), read(sourceOf(clean), 0, b)];
        const what = `${text} cut after ${cut}`;
        assert.is(ends[0], ends[1], what);
        if (ends[0]! > 0) assert.is(a.join(' '), b.join(' '), what);
        if (cut === text.length) assert.is(ends[0], text.length, what);
      }
    }
  });
}

test('a time of annie is the same by words and byte for byte', () => {
  const eta = (time: string): (number | null)[] =>
    feed(
      { engine: 'annie' },
      1,
      utf8(`\r 2.00 MiB / 14.89 MiB   13.43% 79.84 MiB/s ${time}\r`),
      [],
    ).samples.map(({ etaSeconds }) => etaSeconds);
  for (const [minutes, seconds] of [
    [0, 0],
    [0, 5],
    [9, 59],
    [59, 9],
    [99, 99],
  ] as const) {
    const padded = `${String(minutes).padStart(2, '0')}m${String(seconds).padStart(2, '0')}s`;
    assert.equal(eta(padded), [minutes * 60 + seconds], padded);
    // Hours keep it from being read by words.
    assert.equal(eta(`0h${padded}`), [minutes * 60 + seconds], `0h${padded}`);
  }
  assert.equal(eta('1h02m03s'), [3723]);
});

test('lux: a chunk that ends in digits, wherever it is cut, ends', () => {
  const record = '1.57 MiB / 14.89 MiB [=====>------] 2.01 MiB p/s 10.56% 1m26s';
  for (let cut = 1; cut <= record.length; cut++) {
    for (const more of ['', '7', '7'.repeat(100_000)]) {
      const chunks = [record.slice(0, cut) + more, `${record}${record}`].map(utf8);
      const { samples } = feed({ engine: 'lux' }, 2, Buffer.concat(chunks), [chunks[0]!.length]);
      assert.ok(samples.length >= 1, `cut after ${cut}`);
    }
  }
});

test.run();
