/** yt-dlp takes any 206 for the same version, and resumes what has no size: the first answer shows when it must not. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type OddFile, honest, part, whole } from '../../site/odd-origin.ts';
import { testUnless } from '../../support/skip.ts';
import { dataDir, reason, withEngine, type YtDlpFixture } from './fixture.ts';
import {
  type Answer,
  broken,
  change,
  file,
  interrupted,
  MiB,
  origin,
  outcome,
  rangesAsked,
  rest,
  slowly,
  toRange,
  twin,
  unsized,
} from './interrupted.ts';

test.after(() => origin.close());

testUnless(test, reason, 'a part without an announced size is fetched from its start', () =>
  withEngine(async (fixture) => {
    assert.is(await interrupted(fixture, unsized, slowly(unsized)), 'the file');
    assert.equal(rangesAsked(), [null]);
  }),
);

testUnless(test, reason, 'also when the connection broke', () =>
  withEngine(async (fixture) => assert.is(await broken(fixture, unsized, unsized), 'the file')),
);

testUnless(test, reason, 'nor is the rest taken for all of it, under the same ETag', () =>
  withEngine(async (fixture) => {
    const answer: Answer = () => rest(MiB / 2);
    assert.is(await interrupted(fixture, answer, slowly(unsized)), 'remote_contradiction');
    assert.is(await outcome(fixture, `${origin.url}/clip.mp4`), 'remote_contradiction', 'again');
  }),
);

testUnless(test, reason, 'nor less than is there', () =>
  withEngine(async (fixture) => {
    const answer: Answer = () => rest(file.size - MiB / 2);
    assert.is(await interrupted(fixture, answer, slowly(unsized)), 'remote_contradiction');
  }),
);

testUnless(test, reason, 'two versions of the same size are not mixed', () =>
  withEngine(async (fixture) => {
    const answer = toRange(twin, (request) => part(twin, request));
    assert.is(await interrupted(fixture, answer), 'the twin');
  }),
);

const untagged: OddFile = { ...file, etag: null };
for (const [what, of, answer] of [
  ['without an ETag', untagged, (request) => honest(untagged, request)],
  ['with an ETag only for the whole', file, (request) => change(honest(file, request), { etag: null })],
] as [string, OddFile, Answer][]) {
  testUnless(test, reason, `a correct server ${what} is asked once for the rest`, () =>
    withEngine(async (fixture) => {
      const first = slowly((request) => honest(of, request));
      assert.is(await interrupted(fixture, answer, first), 'the file');
      const [from, ...more] = rangesAsked();
      assert.ok((from ?? 0) >= MiB / 2);
      assert.equal(more, []);
      assert.is(origin.asked[1]?.ifRange, of.etag);
    }),
  );
}

testUnless(test, reason, 'a server without ranges is asked once, and for all', () =>
  withEngine(async (fixture) => {
    assert.is(await interrupted(fixture, () => whole(file)), 'the file');
    assert.is(rangesAsked().length, 1);
  }),
);

testUnless(test, reason, 'a yt-dlp from PATH, whose responses nobody checks, resumes nothing', () =>
  withEngine(async (fixture) => {
    const bin = join(fixture.dir, 'bin');
    const python = join(dataDir ?? '', 'engines/yt-dlp/venv/bin/python');
    await mkdir(bin);
    await writeFile(join(bin, 'yt-dlp'), `#!${python}\nimport yt_dlp\nyt_dlp.main()\n`, { mode: 0o755 });
    const path = `${bin}:${process.env['PATH']}`;
    const engine = fixture.make({ dataDir: fixture.dir, path });
    const fetch: YtDlpFixture['fetch'] = (url) => engine.download(fixture.job(url));
    const answer = toRange(file, (request) => part(twin, request));
    assert.is(await interrupted({ ...fixture, engine, fetch }, answer), 'the file');
    assert.equal(rangesAsked(), [null]);
  }),
);

test.run();
