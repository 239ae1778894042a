/** Records of which any one byte is another, and numbers of every size, against a plain reading of the same bytes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RecordedDialect } from '#lib/replay/parser.ts';
import { feed, utf8 } from './feed.ts';
import { ANNIE, FFMPEG, readSegments, sluice, YTDLP } from './reference.ts';

const PREFIX = '\u001esluicen0ncen0nce ';
const text: RecordedDialect = { engine: 'yt-dlp', progress: { format: 'text' } };

/** All that text has, and some with their top bit set. */
const BYTES = [...Array(128).keys(), 0x8d, 0xa0, 0xb0, 0xff].slice(1);

const KINDS: {
  name: string;
  dialect: RecordedDialect;
  fd: 1 | 2;
  grammar: typeof YTDLP;
  records: string[];
}[] = [
  {
    name: 'annie',
    dialect: { engine: 'annie' },
    fd: 1,
    grammar: ANNIE,
    records: [' 2.00 MiB / 14.89 MiB [===>---]   13.43% 79.84 MiB/s 00m05s'],
  },
  {
    name: 'yt-dlp text',
    dialect: text,
    fd: 1,
    grammar: YTDLP,
    records: [
      '[download]  26.8% of   14.89MiB at    3.98MiB/s ETA 00:02',
      '[download]   6.8% of ~1023.99GiB at  512.00B/s ETA 01:59 (frag 1/4)',
      '[download]  26.8% of ~ 185.74KiB at  123.98KiB/s ETA Unknown (frag 1/4)',
      '[download]  26.8% of    1.00TiB at  512.00B/s ETA 00:02',
      '[download] N/A% of   14.89MiB at  Unknown B/s ETA Unknown',
    ],
  },
  {
    name: 'our template',
    dialect: { engine: 'yt-dlp', progress: { format: 'sluice', prefix: PREFIX } },
    fd: 1,
    grammar: sluice(PREFIX),
    records: [
      `${PREFIX}d 11784403 15618348 NA 2351218 1 NA NA`,
      `${PREFIX}d 1178 NA 15618348 235 NA 1 6`,
      `${PREFIX}d 4294967297 9876543210 NA 12345678901 1 NA NA`,
    ],
  },
  {
    name: 'ffmpeg stats',
    dialect: { engine: 'ffmpeg', progressFd: null },
    fd: 2,
    grammar: FFMPEG,
    records: [
      'frame=  158 fps=0.0 q=-1.0 size=    1536kB time=00:00:06.30 bitrate=1996.3kbits/s speed=11.5x    ',
      'Lsize=     N/A time=00:00:06.30 bitrate=N/A speed=2.32e+04x',
    ],
  },
];

for (const { name, dialect, fd, grammar, records } of KINDS) {
  test(`${name}: a record of which one byte is another says what a plain reading of it says`, () => {
    for (const record of records) {
      for (let at = 0; at < record.length; at++) {
        for (const byte of BYTES) {
          const changed = record.slice(0, at) + String.fromCharCode(byte) + record.slice(at + 1);
          const bytes = `\r${record}\r${changed}\r`;
          const expected = readSegments(bytes, grammar).map(({ estimated: _, ...printed }) => ({
            fd,
            ...printed,
          }));
          const { samples } = feed(dialect, fd, Buffer.from(bytes, 'latin1'), []);
          assert.equal(samples, expected, `${JSON.stringify(changed)}, after the one that it was`);
        }
      }
    }
  });
}

test('yt-dlp: every size is the very number that its decimals and unit make', () => {
  const units = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };
  for (const [unit, bytes] of Object.entries(units)) {
    const lines: string[] = [];
    const expected: number[] = [];
    const add = (hundredths: number): void => {
      const size = `${(hundredths / 100).toFixed(2)}${unit}`.padStart(10);
      lines.push(`[download]  26.8% of ${size} at    3.98MiB/s ETA 00:02\n`);
      expected.push(Math.floor((hundredths * bytes) / 100 + 0.5));
    };
    for (let hundredths = 0; hundredths < 102_400; hundredths += hundredths < 1000 ? 1 : 7) add(hundredths);
    // None prints as much, but then too it is the number that dividing gives.
    for (let hundredths = 1e6; hundredths < 1e13; hundredths += Math.floor(hundredths / 97)) add(hundredths);
    const { samples } = feed(text, 1, utf8(lines.join('')), []);
    assert.equal(
      samples.map(({ totalBytes }) => totalBytes),
      expected,
    );
  }
});

test('yt-dlp: every percentage is the number that is printed', () => {
  const lines = Array.from(
    { length: 1000 },
    (_, tenths) =>
      `[download] ${(tenths / 10).toFixed(1).padStart(5)}% of   14.89MiB at    3.98MiB/s ETA 00:02\n`,
  );
  const { samples } = feed(text, 1, utf8(lines.join('')), []);
  assert.equal(
    samples.map(({ percent }) => percent),
    lines.map((_, tenths) => tenths / 10),
  );
});

test.run();
