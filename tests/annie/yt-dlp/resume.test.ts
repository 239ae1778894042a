/** yt-dlp takes any 206 for the same version, and resumes what has no size: the first answer shows when it must not. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type OddFile, honest, part, whole } from '../../site/odd-origin.ts';
import { testUnless } from '../../support/skip.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { dataDir, deadline, reason, withEngine, type YtDlpFixture } from './fixture.ts';
import {
  type Answer,
  broken,
  change,
  file,
  interrupted,
  MiB,
  origin,
  outcome,
  askedOnceForTheRest,
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

testUnless(test, reason, 'two versions of the same size are not mixed', () =>
  withEngine(async (fixture) => {
    const answer = toRange(twin, (request) => part(twin, request));
    assert.is(await interrupted(fixture, answer), 'the twin');
  }),
);

testUnless(test, reason, 'a correct server without an ETag is asked once for the rest', () =>
  withEngine(async (fixture) => {
    const untagged: OddFile = { ...file, etag: null };
    const answer: Answer = (request) => honest(untagged, request);
    assert.is(await interrupted(fixture, answer, slowly(answer)), 'the file');
    askedOnceForTheRest(null);
  }),
);

testUnless(test, reason, 'a server without ranges is asked once, and for all', () =>
  withEngine(async (fixture) => {
    assert.is(await interrupted(fixture, () => whole(file)), 'the file');
    assert.is(rangesAsked().length, 1);
  }),
);

/** Runs until it is interrupted, and again with `then`. @returns what each run said last of resuming */
async function saidToResume(fixture: YtDlpFixture, then: Answer, first: Answer): Promise<boolean[]> {
  const said: boolean[] = [];
  const job: YtDlpFixture['job'] = (url, more) =>
    fixture.job(url, { ...more, onInfo: ({ resumes }) => resumes !== undefined && said.push(resumes) });
  const fetch: YtDlpFixture['fetch'] = (url) => fixture.engine.download(job(url));
  assert.is(await interrupted({ ...fixture, job, fetch }, then, first), 'the file');
  return said;
}

for (const [what, first, then, said] of [
  ['says so', { 'accept-ranges': 'bytes' }, (request) => honest(file, request), [true, true]],
  ['does not say so, but does', {}, (request) => honest(file, request), [false, true]],
  [
    'says so and does not',
    { 'accept-ranges': 'bytes' },
    () => change(whole(file), { 'accept-ranges': 'bytes' }),
    [true, false],
  ],
] as [string, Record<string, string>, Answer, boolean[]][]) {
  testUnless(test, reason, `whether a download can be resumed is said where the server ${what}`, () =>
    withEngine(async (fixture) => {
      const slow = slowly((request) => change(honest(file, request), first));
      assert.equal(await saidToResume(fixture, then, slow), said);
      if (said[1] === true) assert.ok((rangesAsked()[0] ?? 0) >= MiB / 2, 'the first half came once');
    }),
  );
}

testUnless(test, reason, 'a stream of fragments goes on with the next one, and says so', () =>
  withEngine(async (fixture) => {
    const names = Array.from({ length: 40 }, (_, n) => `/s${n}.ts`);
    const list = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${names.map((name) => `#EXTINF:1,\n${name}\n`).join('')}#EXT-X-ENDLIST\n`;
    const headers = { 'content-type': 'application/vnd.apple.mpegurl', 'content-length': list.length };
    origin.answer = (request) =>
      request.path.endsWith('m3u8')
        ? { status: 200, headers, body: Buffer.from(list) }
        : { ...whole({ ...file, size: 100_000 }), bytesPerSecond: 200_000 };
    const run = async (until: string): Promise<boolean | undefined> => {
      const abort = new AbortController();
      let isResumable: boolean | undefined;
      origin.asked.length = 0;
      const job = fixture.job(`${origin.url}/index.m3u8`, {
        signal: abort.signal,
        onInfo: ({ resumes = isResumable }) => void (isResumable = resumes),
      });
      const running = fixture.engine.download(job).catch(() => undefined);
      // What its responses showed is read a little later.
      const isThere = (): boolean => isResumable === true && origin.asked.some(({ path }) => path === until);
      await waitFor(isThere, { what: until });
      abort.abort();
      await settles(running, deadline);
      return isResumable;
    };
    assert.is(await run('/s5.ts'), true);
    assert.is(await run('/s8.ts'), true);
    assert.not(origin.asked.some(({ path }) => ['/s0.ts', '/s1.ts', '/s2.ts', '/s3.ts'].includes(path)));
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
