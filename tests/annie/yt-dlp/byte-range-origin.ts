/** A playlist of byte ranges, from an origin that answers them in every way. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { mediaDir, mediaMissing } from '../../site/media.ts';
import { type OddAnswer, type OddRequest, startOddOrigin } from '../../site/odd-origin.ts';
import { picturesHash } from '../../support/media-hash.ts';
import { testUnless } from '../../support/skip.ts';
import { reason, withEngine } from './fixture.ts';

export const origin = await startOddOrigin();

const media = join((await mediaDir()) ?? '', 'byterange');
const playlist = mediaMissing === null ? await readFile(join(media, 'index.m3u8')) : Buffer.alloc(0);
export const body = mediaMissing === null ? await readFile(join(media, 'index.ts')) : Buffer.alloc(0);

export type Answer = (request: OddRequest) => OddAnswer;
const type = { 'content-type': 'video/mp2t', etag: '"a"' };
export const all = (bytes: Buffer): OddAnswer => {
  return { status: 200, headers: { ...type, 'content-length': bytes.length }, body: bytes };
};
export const whole: Answer = () => all(body);

/** The requested range, or with `by` bytes added to its start and end. */
export function range({ from, to }: OddRequest, by = 0): OddAnswer {
  const start = (from ?? 0) + by;
  const bytes = body.subarray(start, to === null ? undefined : to + by);
  const place = `bytes ${start}-${start + bytes.length - 1}/${body.length}`;
  return { ...all(bytes), status: 206, headers: { ...all(bytes).headers, 'content-range': place } };
}

/** Chunked, so that only the head says how long it is. */
export function unsized(answer: OddAnswer, bytes: Buffer): OddAnswer {
  const { 'content-length': _, ...headers } = answer.headers;
  return { ...answer, headers, body: bytes };
}

/** Downloads the playlist. `isComplete`: with all pictures, else `remote_contradiction`. */
export function testByteRanges(test: Test, what: string, answer: Answer, isComplete: boolean): void {
  const end = isComplete ? 'all pictures' : 'no file';
  testUnless(test, reason ?? mediaMissing, `a server that answers byte ranges ${what}: ${end}`, () =>
    withEngine(async ({ fetch }) => {
      const type = { 'content-type': 'application/vnd.apple.mpegurl', 'content-length': playlist.length };
      origin.asked.length = 0;
      origin.answer = (request) => {
        return request.path.endsWith('m3u8')
          ? { status: 200, headers: type, body: playlist }
          : answer(request);
      };
      const fetched = fetch(`${origin.url}/index.m3u8`).then(
        ({ path }) => picturesHash(path),
        (thrown: unknown) => (thrown as { code?: string }).code ?? String(thrown),
      );
      const expected = isComplete ? await picturesHash(join(media, 'index.ts')) : 'remote_contradiction';
      assert.is(await fetched, expected);
    }),
  );
}
