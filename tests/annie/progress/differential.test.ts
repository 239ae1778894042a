/**
 * The parser against a slow and plain reading of the same bytes (reference.ts), over streams that are made from a
 * seed: records that change as little from one to the next as real ones do, records with bytes knocked out, put in
 * and changed, text between them, and cuts anywhere. `FUZZ_SEED=… FUZZ_STREAMS=…` makes others.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRecordingParser, type RecordedDialect } from '#lib/replay/parser.ts';
import { toPrinted } from '#lib/replay/printed-sample.ts';
import { Dice } from './dice.ts';
import { ANNIE, FFMPEG, type Read, readLuxBars, readSegments, sluice, YTDLP } from './reference.ts';
import {
  annieRecord,
  Download,
  ffmpegRecord,
  luxRecord,
  mutate,
  sluiceRecord,
  ytDlpRecord,
} from './streams.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20261125);
const STREAMS = Number(process.env['FUZZ_STREAMS'] ?? 120);
const PREFIX = '\u001esluicen0ncen0nce ';

interface Case {
  name: string;
  dialect: RecordedDialect;
  fd: 1 | 2;
  find: (text: string) => Read[];
  record: (download: Download, dice: Dice) => string;
  /** What may stand between two records. */
  between: string[];
  /** A line that is no record. */
  lines: string[];
}

const YT_LINES = [
  '[generic] x: Downloading webpage\n',
  '[download] Destination: a\r[download]  50.0% of 1.00MiB at 1.00MiB/s ETA 00:05 b\n',
  '[download] Got error: x\n',
];
const CASES: Case[] = [
  {
    name: 'lux',
    dialect: { engine: 'lux' },
    fd: 2,
    find: readLuxBars,
    record: luxRecord,
    between: [''],
    lines: ['x', '12.5', ' / ', '[==>-]', '\n'],
  },
  {
    name: 'annie',
    dialect: { engine: 'annie' },
    fd: 1,
    find: (text) => readSegments(text, ANNIE),
    record: annieRecord,
    between: ['\r', '\r', '\r', '   \r', '\n\r'],
    lines: ['\nx\r 1.00 MiB / 2.00 MiB  50.00%\n\r', '\r\r', '\n 1.00 MiB / 2.00 MiB  50.00%\r'],
  },
  {
    name: 'yt-dlp text',
    dialect: { engine: 'yt-dlp', progress: { format: 'text' } },
    fd: 1,
    find: (text) => readSegments(text, YTDLP),
    record: ytDlpRecord,
    between: ['\r', '\n', '\n', '  \r', '[download] Got error: y\n'],
    lines: YT_LINES,
  },
  {
    name: 'our template',
    dialect: { engine: 'yt-dlp', progress: { format: 'sluice', prefix: PREFIX } },
    fd: 1,
    find: (text) => readSegments(text, sluice(PREFIX)),
    record: (download, dice) => sluiceRecord(PREFIX, download, dice),
    between: ['\n', '\n', '\r', ' \r'],
    lines: [...YT_LINES, `${PREFIX}p started Merger\n`, `a ${PREFIX}d 1 2 NA 3 4 NA NA\n`],
  },
  {
    name: 'ffmpeg stats',
    dialect: { engine: 'ffmpeg', progressFd: null },
    fd: 2,
    find: (text) => readSegments(text, FFMPEG),
    record: ffmpegRecord,
    between: ['\r', '\r', '\n'],
    lines: ['[http @ 0x5] Opening x\n', '  Duration: N/A\n', 'Output #0, mp4\rframe= 1\n'],
  },
];

/** One stream: mostly whole records, some broken ones, some lines. */
function makeStream({ record, between, lines }: Case, dice: Dice): string {
  const download = new Download(dice);
  const broken = dice.pick([0, 0, 5, 20]);
  let text = '';
  for (let left = dice.below(150); left > 0; left--) {
    download.step(dice);
    const one = record(download, dice);
    text += dice.below(100) < broken ? mutate(one, dice) : one;
    text += dice.pick(between);
    if (dice.below(12) === 0) text += dice.pick(lines);
  }
  return text;
}

/** Byte by byte, in small pieces, about a record at a time, many records at a time, or all at once. */
function cuts(dice: Dice): () => number {
  const most = dice.pick([1, 7, 60, 200, 5000, 200_000]);
  return () => 1 + dice.below(most);
}

function parse({ dialect, fd }: Case, text: string, nextSize: () => number): Read[] {
  const found: Read[] = [];
  const parser = createRecordingParser(dialect, {
    sample(_fd, record) {
      const { fd: _, ...printed } = toPrinted(fd, record);
      found.push({ ...printed, estimated: record.estimated });
    },
    event() {},
  });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length;) {
    // One array for all chunks: the parser keeps none of the last.
    const chunk = Buffer.from(bytes.subarray(at, at + nextSize()));
    parser.push(fd, chunk);
    at += chunk.length;
    chunk.fill(0x37);
  }
  parser.end();
  return found;
}

for (const one of CASES) {
  test(`${one.name}: the same records as a plain reading finds, however the bytes are broken and cut`, () => {
    let records = 0;
    for (let stream = 0; stream < STREAMS; stream++) {
      const dice = new Dice(SEED + stream);
      const text = makeStream(one, dice);
      const expected = one.find(text);
      assert.equal(
        parse(one, text, cuts(dice)),
        expected,
        `FUZZ_SEED=${SEED + stream} FUZZ_STREAMS=1 shows it again`,
      );
      records += expected.length;
    }
    console.log(`seed ${SEED}, ${STREAMS} streams, ${records} records`);
    assert.ok(records > STREAMS * 20, 'the streams hold records');
  });
}

test.run();
