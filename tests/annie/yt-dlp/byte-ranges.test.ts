/** A playlist of byte ranges: yt-dlp takes any answer to a fragment's request for the fragment. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mediaDir, mediaMissing } from '../../site/media.ts';
import { type OddAnswer, type OddRequest, startOddOrigin } from '../../site/odd-origin.ts';
import { picturesHash } from '../../support/media-hash.ts';
import { testUnless } from '../../support/skip.ts';
import { reason, withEngine } from './fixture.ts';

const origin = await startOddOrigin();
test.after(() => origin.close());

const media = join((await mediaDir()) ?? '', 'byterange');
const playlist = mediaMissing === null ? await readFile(join(media, 'index.m3u8')) : Buffer.alloc(0);
const body = mediaMissing === null ? await readFile(join(media, 'index.ts')) : Buffer.alloc(0);

type Answer = (request: OddRequest) => OddAnswer;
const type = { 'content-type': 'video/mp2t', etag: '"a"' };
const all = (bytes: Buffer): OddAnswer => {
  return { status: 200, headers: { ...type, 'content-length': bytes.length }, body: bytes };
};
const whole: Answer = () => all(body);

/** The requested range, or with `by` bytes added to its start and end. */
function range({ from, to }: OddRequest, by = 0): OddAnswer {
  const start = (from ?? 0) + by;
  const bytes = body.subarray(start, to === null ? undefined : to + by);
  const place = `bytes ${start}-${start + bytes.length - 1}/${body.length}`;
  return { ...all(bytes), status: 206, headers: { ...all(bytes).headers, 'content-range': place } };
}

/** Chunked, so that only the head says how long it is. */
function unsized(answer: OddAnswer, bytes: Buffer): OddAnswer {
  const { 'content-length': _, ...headers } = answer.headers;
  return { ...answer, headers, body: bytes };
}

/** The hash of the pictures, or the code. */
function outcome(answer: Answer): Promise<string> {
  let result = '';
  return withEngine(async ({ fetch }) => {
    const type = { 'content-type': 'application/vnd.apple.mpegurl', 'content-length': playlist.length };
    origin.asked.length = 0;
    origin.answer = (request) => {
      return request.path.endsWith('m3u8') ? { status: 200, headers: type, body: playlist } : answer(request);
    };
    try {
      result = await picturesHash((await fetch(`${origin.url}/index.m3u8`)).path);
    } catch (thrown) {
      result = (thrown as { code?: string }).code ?? String(thrown);
    }
  }).then(() => result);
}

for (const [what, answer, isComplete] of [
  ['correctly', (request) => range(request), true],
  ['without its own total', (request) => unsized(range(request), range(request).body as Buffer), true],
  ['with all of the file', whole, true],
  [
    'with the range as a 200',
    (request) => ({
      ...range(request),
      ...(request.from === null ? whole(request) : all(range(request).body as Buffer)),
    }),
    true,
  ],
  ['with another range', (request) => (request.from === null ? whole(request) : range(request, 188)), true],
  ['only ever with another range', (request) => range(request, 188), false],
  [
    'with all of a file that changes',
    (request) => ({ ...whole(request), headers: { ...whole(request).headers, etag: `"${request.count}"` } }),
    false,
  ],
  [
    'with ranges of a file that changes',
    (request) => ({ ...range(request), headers: { ...range(request).headers, etag: `"${request.count}"` } }),
    false,
  ],
  [
    'with a range that is longer than it says',
    (request) => unsized(range(request), body.subarray(request.from ?? 0)),
    false,
  ],
] as [string, Answer, boolean][]) {
  const missing = reason ?? mediaMissing;
  testUnless(
    test,
    missing,
    `a server that answers byte ranges ${what}: ${isComplete ? 'all pictures' : 'no file'}`,
    async () => {
      const expected = isComplete ? await picturesHash(join(media, 'index.ts')) : 'remote_contradiction';
      assert.is(await outcome(answer), expected);
    },
  );
}

test.run();
