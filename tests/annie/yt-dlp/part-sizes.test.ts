/** yt-dlp takes any 200 for the whole file, and any 206 for the same version: what was said earlier shows when it is not. */
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PartSizes } from '#lib/annie/yt-dlp/part-sizes.server.ts';
import { sha256Of } from '../../site/content.ts';
import {
  honest,
  type OddAnswer,
  type OddFile,
  type OddRequest,
  part,
  startOddOrigin,
  whole,
} from '../../site/odd-origin.ts';
import { testUnless } from '../../support/skip.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { withDir } from '../../process/machine.ts';
import { type YtDlpFixture, deadline, hashOf, never, reason, withEngine } from './fixture.ts';

const MiB = 1024 * 1024;
const file: OddFile = { seed: 91, size: 3 * MiB, etag: '"v1"' };
const newFile: OddFile = { seed: 92, size: 3 * MiB + 777, etag: '"v2"' };
/** Another version of the same size. */
const twin: OddFile = { seed: 93, size: 3 * MiB, etag: '"v3"' };
const type = { 'content-type': 'video/mp4' };
const origin = await startOddOrigin();
test.after(() => origin.close());

/** 200 with the bytes from there on. */
const rest = (from: number): OddAnswer => ({
  status: 200,
  headers: { ...type, etag: '"v1"', 'content-length': file.size - from },
  body: { file, start: from, end: file.size },
});

/** Slow enough to be aborted in the middle of the file. */
const slow = (request: OddRequest): OddAnswer => ({ ...honest(file, request), bytesPerSecond: 2 * MiB });

/** Which file was downloaded, or the code. */
async function outcome({ fetch }: YtDlpFixture, url: string): Promise<string> {
  try {
    const { path } = await fetch(url);
    const hash = hashOf(await readFile(path));
    for (const [name, { seed, size }] of Object.entries({
      'the file': file,
      'the new file': newFile,
      'the twin': twin,
    })) {
      if (hash === sha256Of(seed, size)) return name;
    }
    return `complete with ${(await readFile(path)).length} bytes`;
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown);
  }
}

/** A response with these headers changed; null removes one. */
function change(answer: OddAnswer, headers: Record<string, string | number | null>): OddAnswer {
  const all = Object.entries({ ...answer.headers, ...headers }).filter(([, value]) => value !== null);
  return { ...answer, headers: Object.fromEntries(all) as OddAnswer['headers'] };
}

type Answer = (request: OddRequest) => OddAnswer;

/** Aborts a download in the middle of its file and resumes it with `then`. */
async function interrupted(fixture: YtDlpFixture, then: Answer, first: Answer = slow): Promise<string> {
  const url = `${origin.url}/clip.mp4`;
  origin.answer = first;
  const abort = new AbortController();
  const running = fixture.engine.download(fixture.job(url, { signal: abort.signal })).catch(() => undefined);
  await waitFor(() => (fixture.received.samples.at(-1)?.receivedBytes ?? 0) >= MiB, { what: 'a MiB' });
  abort.abort();
  await settles(running, deadline);
  origin.asked.length = 0;
  origin.answer = then;
  return outcome(fixture, url);
}

let restFrom = 0;
for (const [what, answer, end] of [
  ['the rest as a 200', (request) => (request.from ? rest(request.from) : honest(file, request)), 'the file'],
  ['only ever the rest', (request) => rest((restFrom = request.from ?? restFrom)), 'remote_contradiction'],
  [
    'a part of another total',
    (request) => (request.from ? part(newFile, request) : honest(newFile, request)),
    'the new file',
  ],
  ['a new file', (request) => honest(newFile, { ...request, from: null }), 'the new file'],
  ['the part that is asked for', (request) => honest(file, request), 'the file'],
  ['all of it, whatever is asked', (request) => honest(file, { ...request, from: null }), 'the file'],
] as [string, (request: OddRequest) => OddAnswer, string][]) {
  testUnless(test, reason, `a server that sends ${what} after a pause: ${end}`, () =>
    withEngine(async (fixture) => assert.is(await interrupted(fixture, answer), end)),
  );
}

/** Chunked, so that no size is announced; the rest when a range is requested. */
const unsized: Answer = ({ from }) => change(rest(from ?? 0), { 'content-length': null });
const slowly = (answer: Answer): Answer => {
  return (request) => ({ ...answer(request), bytesPerSecond: 2 * MiB });
};
/** First bytes of the requests since the interruption; the first request only probes the address. */
const rangesAsked = (): (number | null)[] => origin.asked.slice(1).map(({ from }) => from);

testUnless(test, reason, 'a part without an announced size is fetched from its start', () =>
  withEngine(async (fixture) => {
    assert.is(await interrupted(fixture, unsized, slowly(unsized)), 'the file');
    assert.equal(rangesAsked(), [null]);
  }),
);

/** Answers to a range; without one the server is correct. */
const toRange = (of: OddFile, answer: Answer): Answer => {
  return (request) => (request.from ? answer(request) : honest(of, request));
};
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
      origin.answer = (request) => {
        const first = what.startsWith('the rest') ? unsized(request) : honest(file, request);
        // the first request only probes the address
        return request.count === 2 ? { ...first, stop: { after: MiB, how: 'cut' } } : answer(request);
      };
      assert.is(await outcome(fixture, `${origin.url}/${what.replaceAll(' ', '-')}.mp4`), end);
    }),
  );
}

for (const [what, of, answer] of [
  ['with an ETag', file, (request) => honest(file, request)],
  ['without an ETag', { ...file, etag: null }, (request) => honest({ ...file, etag: null }, request)],
  ['with an ETag only for the whole', file, (request) => change(honest(file, request), { etag: null })],
] as [string, OddFile, Answer][]) {
  testUnless(test, reason, `a correct server ${what} is asked once for the rest`, () =>
    withEngine(async (fixture) => {
      assert.is(
        await interrupted(
          fixture,
          answer,
          slowly((request) => honest(of, request)),
        ),
        'the file',
      );
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

testUnless(
  test,
  reason,
  'the size of the rest stays refused in later attempts, with and without a listing',
  () =>
    withEngine(async (fixture) => {
      let lastFrom = 0;
      const end = await interrupted(fixture, (request) => rest((lastFrom = request.from ?? lastFrom)));
      assert.is(end, 'remote_contradiction');
      const url = `${origin.url}/clip.mp4`;
      assert.is(await outcome(fixture, url), 'remote_contradiction');
      await settles(fixture.engine.parse({ url, signal: never }), deadline);
      assert.is(await outcome(fixture, url), 'remote_contradiction');
      origin.answer = (request) => honest(file, request);
      assert.is(await outcome(fixture, url), 'the file');
    }),
);

for (const [times, end] of [
  [1, 'the file'],
  [Infinity, 'remote_contradiction'],
] as const) {
  testUnless(test, reason, `the rest as a 200 after the connection broke, ${times} times: ${end}`, () =>
    withEngine(async (fixture) => {
      let cuts = 0;
      origin.answer = (request) => {
        if (request.from) return rest(request.from);
        // the first request only probes the address
        const isCut = request.count > 1 && cuts++ < times;
        return { ...honest(file, request), ...(isCut ? { stop: { after: MiB, how: 'cut' } } : {}) };
      };
      assert.is(await outcome(fixture, `${origin.url}/cut-${times}.mp4`), end);
    }),
  );
}

test('a file that has become shorter since it was resumed is not resumed again, also after a kill', () =>
  withDir(async (dir) => {
    const part = { name: 'media.1.mp4', resumedAt: 1000 };
    const first = await PartSizes.open(dir);
    assert.ok(first.begin(part));
    assert.ok(first.check(part, 5000, false));
    await first.saved();
    const second = await PartSizes.open(dir);
    assert.ok(second.begin({ ...part, resumedAt: 1200 }));
    // only the rest, as if it were the whole file: the file has wrong bytes from here on
    assert.not(second.check({ ...part, resumedAt: 1200 }, 3800, false));
    await second.saved();
    const third = await PartSizes.open(dir);
    assert.not(third.begin({ ...part, resumedAt: 3000 }));
    await third.startOver(third.mismatch ?? { name: '', nowBytes: 0, earlierBytes: 0 });
    const fourth = await PartSizes.open(dir);
    assert.ok(fourth.begin({ ...part, resumedAt: 10 }));
    await fourth.saved();
    const fifth = await PartSizes.open(dir);
    assert.not(fifth.begin({ ...part, resumedAt: 9 }), 'begun again since');
    await fifth.startOver(fifth.mismatch ?? { name: '', nowBytes: 0, earlierBytes: 0 });
    assert.not(fifth.check({ ...part, resumedAt: 0 }, 3800, false), 'refused for good');
  }));

test('a file that is fetched from its start may have any size, but only one in a run', () =>
  withDir(async (dir) => {
    const sizes = await PartSizes.open(dir);
    const part = { name: 'media.1.mp4', resumedAt: 0 };
    assert.ok(sizes.check(part, 6000, false));
    assert.not(sizes.check(part, 7000, false));
    await sizes.saved();
    const next = await PartSizes.open(dir);
    assert.ok(next.check(part, 9000, false));
    await next.saved();
  }));

test.run();
