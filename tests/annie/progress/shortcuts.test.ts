/**
 * Records that nearly repeat the one before them: the parser keeps what stands again, and nothing else. And what the
 * readers by bytes must not be led astray by.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RecordNumbers } from '#lib/annie/progress/sample.ts';
import { createRecordingParser, type RecordedDialect } from '#lib/replay/parser.ts';
import { feed, utf8 } from './feed.ts';

const PREFIX = '\u001esluicen0ncen0nce ';
const text: RecordedDialect = { engine: 'yt-dlp', progress: { format: 'text' } };
const ours: RecordedDialect = { engine: 'yt-dlp', progress: { format: 'sluice', prefix: PREFIX } };

interface Kind {
  name: string;
  dialect: RecordedDialect;
  fd: 1 | 2;
  /** Stands before each record. */
  before: string;
  records: string[];
}

/** In each list every record is like the one before it, but for the end, the beginning or a digit. */
const KINDS: Kind[] = [
  {
    name: 'lux',
    dialect: { engine: 'lux' },
    fd: 2,
    before: '',
    records: [
      '1.57 MiB / 14.89 MiB [=====>--------------] 2.01 MiB p/s 10.56% 6s',
      '1.57 MiB / 14.89 MiB [=====>-------------] 2.01 MiB p/s 10.56% 6s',
      '1.57 MiB / 14.89 MiB [=====>---------------] 2.01 MiB p/s 10.56% 6s',
      '1.57 MiB / 14.89 MiB [] 2.01 MiB p/s 10.56% 6s',
      '1.57 MiB [--------------------] 2.01 MiB p/s ?% -1s',
    ],
  },
  {
    name: 'annie',
    dialect: { engine: 'annie' },
    fd: 1,
    before: '\n\r',
    records: [
      ' 2.00 MiB / 14.89 MiB [===>----------------]   13.43% 79.84 MiB/s 00m05s',
      ' 2.00 MiB / 14.89 MiB [===>---------------]   13.43% 79.84 MiB/s 00m05s',
      ' 2.00 MiB / 14.89 MiB [===>-----------------]   13.43% 79.84 MiB/s',
      ' 2.00 MiB / 14.89 MiB   13.43% 00m05s',
      ' 2.00 MiB / 14.89 MiB  113.43%',
      ' 2.00 MiB / 14.89 MiB  113.43',
      ' 2.00 MiB / ?',
      ' 2.00 MiB / ? [----]',
      ' 2.00 MiB / ? 79.84 MiB/s',
      ' 2.00 MiB / 14.89 MiB   13.43% 9.84 MiB/s 00m05s',
      ' 2.00 MiB / 14.89 MiB   13.43% 79.84 MiB/s 00m05s00m07s',
      ' 2.00 MiB / 14.89 MiB  100.00% 79.84 MiB/s 00m05s',
      ' 2.00 MiB / ? 79.84 MiB/s 00m05s',
      ' 2.00 MiB / 14.89 MiB   13.43% 79.84 MiB/s',
    ],
  },
  {
    name: 'yt-dlp text',
    dialect: text,
    fd: 1,
    before: '\n',
    records: [
      '[download]  26.8% of   14.89MiB at    3.98MiB/s ETA 00:02',
      '[download]  26.8% of ~ 14.89MiB at    3.98MiB/s ETA 00:02 (frag 1/4)',
      '[download]  26.8% of ~ 14.89MiB at    3.98MiB/s ETA 00:02 (frag 1/44)',
      '[download]  26.8% of ~ 14.89MiB at    3.98MiB/s ETA 00:02:03',
      '[download]  26.8% of ~ 14.89MiB at    3.98MiB/s ETA 00:023',
      '[download] 100.0% of ~ 14.89MiB at    3.98MiB/s ETA 00:02',
      '[download]  99.9% of ~ 14.89MiB at    3.98MiB/s ETA 00:02',
      '[download]   2.00MiB at    3.98MiB/s (00:00:01)',
      '[download]  99.9% of ~ 14.89MiB at    3.98MiB/s ETA 00:02 (frag 7/',
      '[download] 100% of   14.89MiB in 00:00:07 at 2.12MiB/s',
      '[download]   6.8% of ~  14.89MiB at    3.98MiB/s ETA 00:02 (frag 1/4)',
      '[download]  26.8% of ~1023.99GiB at  512.00B/s ETA Unknown (frag 1/4)',
      '[download]  26.8% of ~1023.99GiB at    512.00B/s ETA 00:02 (frag 1/',
      '[download]  26.8% of    1.00TiB at  185.74KiB/s ETA 00:02 (frag 11/4)',
      '[download]  26.8% of  185.74KiB at Unknown B/s ETA Unknown',
    ],
  },
  {
    name: 'our template',
    dialect: ours,
    fd: 1,
    before: '\n',
    records: [
      `${PREFIX}d 11784403 15618348 NA 2351218 1 NA NA`,
      `${PREFIX}d 11784403 156183481 NA 2351218 1 NA NA`,
      `${PREFIX}d 11784403 NA 2487 2351218 1 NA NA`,
      `${PREFIX}d 11784403 NA 24871 2351218 1 2 6`,
      `${PREFIX}d 11784403 NA 2487.5 2351218 1 2 6`,
      `${PREFIX}f 11784403 NA 2487 NA NA NA NA`,
      `${PREFIX}d 11784403 NA NA NA NA NA NA`,
      `${PREFIX}d 11784403 15618348 NA 2351218 1 NA NA5`,
      `${PREFIX}d 11784403 15618348 NA 2351218 1 2 66`,
      `${PREFIX}d 15618348 15618348 NA 2351218 1 2 6`,
      `${PREFIX}d 999999999 2147483648 NA 4294967296 10 2 6`,
      `${PREFIX}d 1234567890123456789 9999999999999999 NA 1e3 -5 NA NA`,
      `\u001esluicen0ncen0ncf d 11784403 15618348 NA 2351218 1 NA NA`,
    ],
  },
];

type Printed = RecordNumbers & { endOffset: number };

/** All numbers of the last of the records, by itself or after others; null when it is none. */
function last({ dialect, fd, before }: Kind, records: string[]): Printed | null {
  const bytes = utf8(records.map((record) => before + record).join(''));
  const start = bytes.length - utf8(records.at(-1) ?? '').length;
  let found: Printed | null = null;
  const parser = createRecordingParser(dialect, {
    sample(_fd, record) {
      if (record.endOffset > start) found = { ...record, endOffset: record.endOffset - start };
    },
    event() {},
  });
  parser.push(fd, bytes);
  parser.end();
  return found;
}

for (const kind of KINDS) {
  test(`${kind.name}: what a record says does not depend on those before it`, () => {
    for (const first of kind.records) {
      for (const second of kind.records) {
        assert.equal(last(kind, [first, second]), last(kind, [second]), `${first} then ${second}`);
        assert.equal(last(kind, [first, second, first]), last(kind, [first]), `${second}, then ${first}`);
      }
    }
  });

  test(`${kind.name}: a record that differs in any one byte is read anew`, () => {
    for (const first of kind.records) {
      for (let at = 0; at < first.length; at++) {
        for (const byte of ['0', '9', ' ', 'x', '\x80', '-', ':', '.', '!']) {
          const second = first.slice(0, at) + byte + first.slice(at + 1);
          // One byte within a bar is what lux's reader does not look for: see the next test.
          if (kind.name === 'lux' && at > first.indexOf('[') && at < first.indexOf(']')) continue;
          assert.equal(last(kind, [first, second]), last(kind, [second]), `${first} then ${second}`);
        }
      }
    }
  });

  test(`${kind.name}: text that moved within the window is not taken for what was read`, () => {
    // Small chunks up to the end of annie's window of 16 KiB, then a large one: other records come to stand where the
    // last one stood.
    const [one, other] = [kind.records[0]!, kind.records[0]!.replace('14.', '15.').replace('1561', '2561')];
    for (let padding = 0; padding < one.length + 4; padding++) {
      const small = utf8(kind.before + one);
      const large = utf8((kind.before + other).repeat(90));
      const totals = new Set<number>();
      let reading = false;
      const parser = createRecordingParser(kind.dialect, {
        sample(_fd, { totalBytes }) {
          if (reading) totals.add(totalBytes);
        },
        event() {},
      });
      parser.push(kind.fd, utf8(kind.before === '' ? 'x'.repeat(padding) : `${'x'.repeat(padding)}\n`));
      for (let k = 0; k < 12_000 / small.length; k++) parser.push(kind.fd, small);
      // The last record waits for its end.
      parser.push(kind.fd, utf8(kind.before));
      reading = true;
      parser.push(kind.fd, large);
      parser.end();
      assert.is(totals.size, 1, `after ${padding} bytes`);
    }
  });
}

test('lux: a bar that shrinks is not taken together with that of the next record', () => {
  const between = '] ? p/s ?% ?3.00 MiB / 4.00 MiB [';
  for (let width = between.length; width < 120; width++) {
    const long = `1.00 MiB / 2.00 MiB [${'='.repeat(width)}] 1.00 MiB p/s 50.00% 1s`;
    // The bar after the next ends where the first one did.
    for (let short = 0; short <= width - between.length; short++) {
      const bars = `[${'-'.repeat(short)}${between}${'-'.repeat(width - between.length - short)}]`;
      const { samples } = feed(
        { engine: 'lux' },
        2,
        utf8(`${long}2.00 MiB / 2.00 MiB ${bars} ? p/s 75.00% ?`),
        [],
      );
      assert.equal(
        samples.map(({ receivedBytes }) => receivedBytes! / 2 ** 20),
        [1, 2, 3],
      );
    }
  }
});

test('annie: a bar is drawn with =, - and >, and any other byte anywhere in it makes it none', () => {
  const good = ' 2.00 MiB / 14.89 MiB [===>-------]   13.43%';
  const [open, close] = [good.indexOf('['), good.indexOf(']')];
  const bytes = utf8(`\r${good}\r${good}`);
  for (let at = open + 1; at < close; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = bytes.slice();
      changed[good.length + 2 + at] = byte;
      const drawn = '=->'.includes(String.fromCharCode(byte));
      assert.is(feed({ engine: 'annie' }, 1, changed, []).samples.length, drawn ? 2 : 1, `${byte} at ${at}`);
    }
  }
});

test('an ffmpeg that speaks between two records of yt-dlp leaves nothing of its numbers behind', () => {
  const status = 'frame=  1 size=  9kB time=00:00:01.00 bitrate=1.0kbits/s speed=1x\r';
  for (const kind of KINDS.filter(({ dialect }) => dialect.engine === 'yt-dlp')) {
    const [record] = kind.records;
    const dialect = { ...kind.dialect, mediaOnStdout: true } as RecordedDialect;
    const { samples } = feed(dialect, 2, utf8(`${record}\r${record}\r${status}${record}\r`), []);
    assert.is(samples.length, 4);
    const { endOffset: _a, ...alone } = samples[0]!;
    const { endOffset: _b, ...after } = samples[3]!;
    assert.equal(after, alone);
  }
});

test('a header that a chunk cuts is whole, also when the window moves meanwhile', () => {
  const header =
    '\n Site:      X\n Title:     a title of some length\n Type:      video\n Stream:   \n     [1]  ----\n     Quality:         q\n     Size:            1.00 MiB (1048576 Bytes)\n     # download with: lux -f 1 ...\n\n';
  for (let cut = 1; cut < header.length; cut++) {
    const first = `${'x'.repeat(3000)}${header.slice(0, cut)}`;
    const second = header.slice(cut) + `${'y'.repeat(99)}\n`.repeat(60);
    const { events } = feed({ engine: 'lux' }, 1, utf8(first + second), [first.length, second.length]);
    const item = events.find((event) => event.type === 'item')?.item;
    assert.ok(item);
    assert.is(item.title, 'a title of some length');
    assert.equal(item.streams, [{ id: '1', quality: 'q', bytes: 1_048_576 }]);
  }
});

test.run();
