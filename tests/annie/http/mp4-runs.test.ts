/** Runs of fragmented MP4 in a track: where they begin, and that a stranger's track cannot hold up who reads it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runsOf } from '#lib/annie/http/hls/mp4-runs.server.ts';
import { codeOf, freshDir, removeDirs } from './kit.ts';

function box(type: string, body = ''): Buffer {
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeUInt32BE(bytes.length);
  bytes.write(type + body, 4, 'latin1');
  return bytes;
}

async function track(...boxes: Buffer[]): Promise<string> {
  const path = join(await freshDir(), 'track');
  await writeFile(path, Buffer.concat(boxes));
  return path;
}

const { signal } = new AbortController();
const fragment = [box('moof'), box('mdat', 'stream')];

test('each initialisation part begins a run, and equal ones are alike', async () => {
  const first = [box('ftyp'), box('moov', 'one'), ...fragment];
  const start = Buffer.concat(first).length;
  const again = await runsOf(await track(...first, ...first), signal);
  assert.equal(again, {
    runs: [
      { start: 0, end: start },
      { start, end: 2 * start },
    ],
    areAlike: true,
  });
  const other = await runsOf(await track(...first, box('ftyp'), box('moov', 'two'), ...fragment), signal);
  assert.equal([other.runs.length, other.areAlike], [2, false]);
});

test('too many runs are too_complex, before ffmpeg is asked for any', async () => {
  const path = await track(...Array.from({ length: 1_501 }, () => [box('ftyp'), box('moov')]).flat());
  assert.is(await codeOf(runsOf(path, signal)), 'too_complex');
});

test('the scan ends with its job', async () => {
  const reason = new Error('cancelled');
  const ended = runsOf(await track(box('ftyp'), box('moov')), AbortSignal.abort(reason));
  assert.is(await ended.catch((thrown: unknown) => thrown), reason);
});

test.after(removeDirs);
test.run();
