/** yt-dlp takes any 200 for the whole file: sizes announced earlier show when it is only the rest. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PartSizes } from '#lib/annie/yt-dlp/part-sizes.server.ts';
import { honest, type OddAnswer, type OddRequest, part } from '../site/odd-origin.ts';
import { testUnless } from '../support/skip.ts';
import { settles } from '../support/wait.ts';
import { withDir } from '../process/machine.ts';
import { deadline, never, reason, withEngine } from '../annie/yt-dlp/fixture.ts';
import { file, interrupted, MiB, newFile, origin, outcome, rest } from '../annie/yt-dlp/interrupted.ts';

test.after(() => origin.close());

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
