/** What strangers can make an engine print costs memory within bounds, and time in proportion. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRecordingParser, type RecordedDialect } from '#lib/replay/parser.ts';
import { DIALECTS, PREFIX } from './dialects.ts';
import { utf8 } from './feed.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const MIB = 2 ** 20;

const SINK = { sample() {}, event() {} };

/** `${before}${again…}`: each once made some expression backtrack, or looks as if it could. */
const PATTERNS: readonly (readonly [before: string, again: string])[] = [
  ['', ' '],
  ['', 'a'],
  ['', '1'],
  ['1.00 MiB', ' '],
  ['', '1.00 MiB / 2.00 MiB ['],
  ['1.00 MiB [', '='],
  ['\r ', '1'],
  ['\r 2.00 MiB / 14.89 MiB [', '-'],
  ['\r 2.00 MiB / 14.89 MiB   13.43%', ' '],
  ['\r 2.00 MiB / 14.89 MiB   13.43% ', '1m'],
  ['[download] ', ' '],
  ['[download]  26.8% of ~', ' '],
  ['[download]  26.8% of   14.89MiB at ', ' '],
  ['[download]  26.8% of   14.89MiB at    3.98MiB/s ETA 00:02', ' '],
  ['[download] ', '1'],
  ['[download] ', '0'],
  ['', '[download] Got error'],
  ['', '[download] '],
  ['[', 'a'],
  ['', '[a] '],
  ['', '] '],
  ['', ' has already been downloaded'],
  ['{"a": "', '\\"'],
  ['', '{'],
  ['', '{"a": {}} '],
  ['{', '"a": 1, '],
  [`${PREFIX}d 1`, '1'],
  [`${PREFIX}d`, ' 1'],
  [PREFIX, PREFIX],
  ['frame=', ' '],
  ['frame= 1 ', 'a= '],
  ['size= 1kB', ' speed=1x '],
  ['total_size=', ' '],
  ['', 'progress=continue '],
  ['', 'xDownloading '],
  ['', 'yt-dlp: error: '],
  ['Run ', 'x failed: '],
  ['', '\x1b['],
  ['', '\x1b]'],
  ['\x1b[', '0'],
  ['', '^C'],
  [' Site: x\n Title: ', 'x\n'],
  [' Site: x\n Title: x\n Type: ', '     [x]  -'],
  ['', '\r'],
  ['', 'x\r'],
  ['', '\n'],
];

/** Linux brings a thread's clock up to date when the whole process is asked for; else in ticks of 4 ms. */
function threadMs(): number {
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** ms of this thread's CPU for the text on both fds. */
function cost(dialect: RecordedDialect, text: string, chunkBytes: number): number {
  const bytes = utf8(text);
  const parser = createRecordingParser(dialect, SINK);
  const before = threadMs();
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    parser.push(1, chunk);
    parser.push(2, chunk);
  }
  parser.end();
  return threadMs() - before;
}

// A quarter of what is kept of a line, so that one of twice the length is read whole too.
const LINE = 16 * 1024;

for (const { name, dialect } of DIALECTS) {
  test(`${name}: twice the input costs at most three times the CPU, whatever it is`, () => {
    for (const [before, again] of PATTERNS) {
      for (const chunk of [7, 2 * LINE]) {
        const [text, twice] = [LINE, 2 * LINE].map(
          (bytes) => `${before}${again.repeat((bytes - before.length) / again.length)}\n`,
        ) as [string, string];
        let [one, two] = [Infinity, Infinity];
        // The least of some runs, as others share the machine; half a ms is noise: compiling, collecting.
        for (let tries = 0; tries < 5 && !(two <= 3 * (one + 0.5)); tries++) {
          one = Math.min(one, cost(dialect, text, chunk));
          two = Math.min(two, cost(dialect, twice, chunk));
        }
        assert.ok(two <= 3 * (one + 0.5), `${JSON.stringify([before, again])}: ${one} ms, ${two} ms`);
      }
    }
  });

  test(`${name}: 100 MB without a line end are taken in less than 4 MB of memory`, () => {
    const parser = createRecordingParser(dialect, SINK);
    const chunk = utf8('abcdefgh'.repeat(MIB / 8));
    for (const start of ['[download] Destination: ', ' Site: ']) {
      for (const fd of [1, 2] as const) parser.push(fd, utf8(`\n${start}`));
      collect();
      const before = process.memoryUsage();
      for (let k = 0; k < 25; k++) for (const fd of [1, 2] as const) parser.push(fd, chunk);
      collect();
      const after = process.memoryUsage();
      const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
      assert.ok(grown < 4 * MIB, `${Math.round(grown / 1024)} KiB after ${start}`);
    }
    parser.end();
  });
}

test.run();
