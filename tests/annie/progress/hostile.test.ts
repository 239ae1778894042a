/** What is not progress: arbitrary bytes, broken recordings, endless lines, and titles that look like it. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dialectOf } from '#lib/replay/header.ts';
import { createRecordingParser } from '#lib/replay/parser.ts';
import { DIALECTS } from './dialects.ts';
import { feed, utf8 } from './feed.ts';
import { fixtures } from './recordings.ts';

const FAKES = [
  '7.00 MiB / 9.00 MiB [====>----] 3.33 MiB p/s 77.77% 9s',
  '\r 7.00 MiB / 9.00 MiB [====>----]  77.77% 3.33 MiB/s 00m09s',
  '\r[download]  50.0% of 10.00MiB at 1.00MiB/s ETA 00:05',
  '[download] 100% of 5.00MiB',
  '\r{"status": "downloading", "downloaded_bytes": 1, "total_bytes": 2}',
  '\r\u001esluice f 9 9 NA 1 0 NA NA',
  '\rframe=  1 size=  9kB time=00:00:01.00 bitrate=1.0kbits/s speed=1x',
];

const pieces = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(...FAKES, '\n', '\r', ' ', '\x1b[32m', '{"', '1.00', '[download] ', ' Site: ').map(utf8),
);

for (const { name, dialect } of DIALECTS) {
  test(`${name}: any bytes are taken without a throw, and mean the same however cut`, () => {
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(1 as const, 2 as const),
        (parts, sizes, fd) => {
          const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
          assert.equal(feed(dialect, fd, bytes, sizes), feed(dialect, fd, bytes, []));
        },
      ),
      { numRuns: 300 },
    );
  });
}

test('a recording with bytes knocked out or changed never throws', () => {
  const some = fixtures('pipe').filter(({ recording }) => recording.chunks.length < 200);
  fc.assert(
    fc.property(fc.constantFrom(...some), fc.infiniteStream(fc.nat(999)), ({ recording }, dice) => {
      const roll = (): number => dice.next().value as number;
      for (const fd of [1, 2] as const) {
        const bytes = recording.chunks.filter((chunk) => chunk.fd === fd).flatMap(({ data }) => [...data]);
        const broken = bytes.flatMap((byte) => (roll() < 3 ? [] : roll() < 3 ? [roll() % 256] : [byte]));
        feed(dialectOf(recording.header), fd, Uint8Array.from(broken), [roll() + 1]);
      }
    }),
    { numRuns: 60 },
  );
});

const header = (engine: string, title: string): string =>
  `\n Site:      X\n Title:     ${title}\n Type:      video\n Stream:   \n     [1]  -------------------\n     Quality:         q\n     Size:            1.00 MiB (1048576 Bytes)\n     # download with: ${engine} -f 1 ...\n\n`;

for (const fake of FAKES) {
  for (const engine of ['lux', 'annie'] as const) {
    for (const glue of ['', 'a ', '\n', 'x\n', '\n\r', 'Downloading x error:\n']) {
      test(`${engine}: the title ${JSON.stringify(glue + fake)} moves nothing`, () => {
        const title = glue + fake;
        const text = `${header(engine, title)}Merging video parts into a ${fake}.mp4\n`;
        for (const size of [1, 7, 4096]) {
          const { samples, events } = feed({ engine }, 1, utf8(text), [size]);
          assert.equal(samples, []);
          assert.equal(
            events
              .filter(({ type }) => type !== 'phase')
              .map((event) => event.type === 'item' && event.item.title),
            // A CR that begins a line is not text.
            [title.trim().replaceAll('\n\r', '\n')],
          );
        }
      });
    }
  }

  test(`yt-dlp: ${JSON.stringify(fake)} in names and playlist titles moves nothing`, () => {
    const lines = [
      `[download] Downloading playlist: a${fake}`,
      `[generic] Playlist a${fake}\n${fake}\n: Downloading 3 items of 3`,
      `[generic] ${fake}: Downloading webpage`,
      `[download] ${fake.trim()} [id].mp4 has already been downloaded`,
      `[download] Destination: ${fake}.mp4`,
      `[Merger] Merging formats into "${fake}.mp4"`,
      `Deleting original file ${fake} (pass -k to keep)`,
      `[download] Finished downloading playlist: a\n${fake}\n`,
    ];
    for (const progress of [{ format: 'text' as const }, { format: 'json' as const, prefix: '' }]) {
      for (const size of [1, 7, 4096]) {
        const { samples } = feed({ engine: 'yt-dlp', progress }, 1, utf8(lines.join('\n')), [size]);
        assert.equal(samples, []);
      }
    }
  });
}

test('progress goes on after a line of megabytes', () => {
  const text = '[download]  50.0% of   10.00MiB at    1.00MiB/s ETA 00:05\n';
  for (const start of ['', '[download] ', '{"status": "', '\r', '1', '[download] Destination: ']) {
    const percents: number[] = [];
    const parser = createRecordingParser(
      { engine: 'yt-dlp', progress: { format: 'text' } },
      { sample: (_fd, { percent }) => percents.push(percent), event() {} },
    );
    parser.push(1, utf8(start));
    for (let k = 0; k < 40; k++) parser.push(1, new Uint8Array(64 * 1024).fill(0x61));
    parser.push(1, utf8(`\n${text}`));
    parser.end();
    assert.equal(percents, [50], JSON.stringify(start));
  }
});

test.run();
