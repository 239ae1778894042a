/** Every kind of wrong answer to a part that yt-dlp resumes, by itself and in the next attempt. */
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reason, withEngine } from '../annie/yt-dlp/fixture.ts';
import {
  type Answer,
  askedOnceForTheRest,
  broken,
  change,
  file,
  interrupted,
  MiB,
  newFile,
  origin,
  outcome,
  rangesAsked,
  rest,
  slowly,
  toRange,
  twin,
  unsized,
} from '../annie/yt-dlp/interrupted.ts';
import { contentPieces } from '../site/content.ts';
import { honest, type OddAnswer, type OddRequest, part, whole } from '../site/odd-origin.ts';
import { testUnless } from '../support/skip.ts';

test.after(() => origin.close());

const early = (request: OddRequest): OddAnswer => part(file, { from: request.from, to: 2 * MiB });
for (const [what, answer, end] of [
  ['a part of another version of the same size', toRange(twin, (request) => part(twin, request)), 'the twin'],
  ['a part that ends before the file', toRange(file, early), 'the file'],
  [
    'a part from another byte',
    toRange(file, ({ from, to }) => part(file, { from: (from ?? 0) + 1000, to })),
    'the file',
  ],
  [
    'a part that does not say where it is',
    toRange(file, (request) => change(part(file, request), { 'content-range': null })),
    'the file',
  ],
  [
    'a part of an unknown total that ends early',
    toRange(file, (request) =>
      change(early(request), { 'content-range': `bytes ${request.from}-2097151/*` }),
    ),
    'the file',
  ],
  ['the rest as a 200 without a size', toRange(file, unsized), 'the file'],
  ['416', toRange(file, () => ({ ...change(whole(file), {}), status: 416 })), 'the file'],
  [
    'a part of another total under the same ETag, and then that file',
    (request) => honest({ ...newFile, etag: file.etag }, request),
    'remote_contradiction',
  ],
] as [string, Answer, string][]) {
  testUnless(test, reason, `a server that sends ${what} after a pause: ${end}`, () =>
    withEngine(async (fixture) => assert.is(await interrupted(fixture, answer), end)),
  );
  if (end === 'remote_contradiction') continue;
  testUnless(test, reason, `a server that sends ${what} after the connection broke: ${end}`, () =>
    withEngine(async (fixture) => {
      assert.is(await broken(fixture, answer, (request) => honest(file, request)), end);
    }),
  );
}

for (const [what, of, end] of [
  ['the same version', file, 'the file'],
  ['another version of that size', twin, 'the twin'],
] as const) {
  testUnless(test, reason, `all bytes without their name, and then ${what}: ${end}`, () =>
    withEngine(async (fixture) => {
      const { workDir } = fixture.job('');
      const gone = { status: 404, headers: { 'content-length': 0 }, body: Buffer.alloc(0) };
      assert.is(await interrupted(fixture, () => gone), 'remote_not_found');
      const [name = ''] = (await readdir(workDir)).filter((each) => each.endsWith('.part'));
      await writeFile(join(workDir, 'all'), contentPieces(file.seed, 0, file.size));
      await rename(join(workDir, 'all'), join(workDir, name));
      origin.asked.length = 0;
      origin.answer = (request) => honest(of, request);
      assert.is(await outcome(fixture, `${origin.url}/clip.mp4`), end);
      assert.is(rangesAsked()[0], file.size - 1);
    }),
  );
}

testUnless(test, reason, 'less than is there is not taken for all of it', () =>
  withEngine(async (fixture) => {
    const answer: Answer = () => rest(file.size - MiB / 2);
    assert.is(await interrupted(fixture, answer, slowly(unsized)), 'remote_contradiction');
  }),
);

testUnless(test, reason, 'a correct server with an ETag only for the whole is asked once for the rest', () =>
  withEngine(async (fixture) => {
    const answer: Answer = (request) => change(honest(file, request), { etag: null });
    const first = slowly((request) => honest(file, request));
    assert.is(await interrupted(fixture, answer, first), 'the file');
    askedOnceForTheRest(file.etag);
  }),
);

test.run();
