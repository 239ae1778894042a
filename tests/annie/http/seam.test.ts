/** Files without a strong validator: they go on where the bytes before the seam are the same, and begin anew where not. */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { downloadFile } from '#lib/annie/http/file/download.server.ts';
import { continuesAt } from '#lib/annie/http/file/seam.server.ts';
import { BODY_FILE, loadState } from '#lib/annie/http/file/saved-state.server.ts';
import { honest, type OddAnswer, type OddFile, type OddRequest, part, whole } from '../../site/odd-origin.ts';
import { sha256Of } from '../../site/content.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, hashOf, jobFor } from './kit.ts';
import { type OddHandler, openOddKit } from './odd-kit.ts';

const KIB = 1024;
const { serve, requestsFor, options, close } = await openOddKit();
test.after(close);

const SIZE = 700_000;
const plain: OddFile = { seed: 71, size: SIZE, etag: null };
const weak: OddFile = { ...plain, etag: 'W/"1"' };
/** Its only validator, without a Date in the response. */
const DATED = { 'last-modified': 'Thu, 02 Jan 2025 00:00:00 GMT' };

const withHeaders = (answer: OddAnswer, headers: Record<string, string>): OddAnswer => ({
  ...answer,
  headers: { ...answer.headers, ...headers },
});
const held = (answer: OddAnswer, after: number): OddAnswer => ({ ...answer, stop: { after, how: 'hold' } });
const cut = (answer: OddAnswer, after: number): OddAnswer => ({ ...answer, stop: { after, how: 'cut' } });

/** Pauses after so many bytes of what `answer` sends, then goes on with what `later` sends. */
async function resumed(
  answer: OddHandler,
  bytes: number,
  later: OddHandler,
): Promise<{ end: string; asked: OddRequest[]; hash: string; output: string }> {
  const workDir = await freshDir();
  let isPaused = false;
  const url = serve((request) => (isPaused ? later(request) : held(answer(request), bytes)));
  const abort = new AbortController();
  const first = jobFor(url, workDir, { signal: abort.signal });
  const running = downloadFile(first, options).catch(() => undefined);
  await waitFor(() => first.samples.at(-1)?.receivedBytes === bytes, { what: `${bytes} bytes` });
  abort.abort();
  await settles(running);
  isPaused = true;
  const asked = requestsFor(url).length;
  let output = '';
  const second = jobFor(url, workDir, { onOutput: (text) => (output += text) });
  const end = await settles(codeOf(downloadFile(second, options)));
  const hash = end === 'done' ? await hashOf(join(workDir, BODY_FILE)) : '';
  // The next attempt, as the session makes it.
  if (end === 'file_changed') {
    await settles(downloadFile(jobFor(url, workDir), options));
    return {
      end,
      asked: requestsFor(url).slice(asked),
      hash: await hashOf(join(workDir, BODY_FILE)),
      output,
    };
  }
  return { end, asked: requestsFor(url).slice(asked), hash, output };
}

for (const [what, file, headers] of [
  ['without validators', plain, {}],
  ['with a weak ETag', weak, {}],
  ['with a Last-Modified and no Date', plain, DATED],
] as const) {
  const answer: OddHandler = (request) => withHeaders(honest(file, request), headers);

  test(`a file ${what} goes on after a pause, from some kB before the seam`, async () => {
    const { end, asked, hash } = await resumed(answer, 300_000, answer);
    assert.is(end, 'done');
    assert.is(hash, sha256Of(file.seed, SIZE));
    assert.equal(
      asked.map(({ from, ifRange }) => [from, ifRange]),
      [[300_000 - 64 * KIB, null]],
    );
  });

  test(`a file ${what} whose bytes changed begins anew, and says so`, async () => {
    const other = { ...file, seed: 72 };
    const later: OddHandler = (request) => withHeaders(honest(other, request), headers);
    const { end, asked, hash } = await resumed(answer, 300_000, later);
    assert.is(end, 'file_changed');
    assert.is(hash, sha256Of(72, SIZE));
    assert.equal(
      asked.map(({ from }) => from),
      [300_000 - 64 * KIB, 0],
    );
  });

  test(`a file ${what} goes on within the attempt when its connection breaks, over one connection`, async () => {
    let sent = 0;
    const url = serve((request) => {
      sent += Math.min(SIZE - (request.from ?? 0), 200_000);
      return cut(answer(request), 200_000);
    });
    const workDir = await freshDir();
    const running = downloadFile(jobFor(url, workDir), { ...options, maxConnections: 4 });
    const { path } = await settles(running);
    assert.is(await hashOf(path), sha256Of(file.seed, SIZE));
    assert.ok(sent < 1.5 * SIZE, `${sent} bytes were sent for ${SIZE}`);
    assert.ok(requestsFor(url).every(({ ifRange, to }) => ifRange === null && (to === null || to === SIZE)));
  });
}

test('zeros before the seam show no version', async () => {
  const workDir = await freshDir();
  const held = Buffer.alloc(200_000);
  held.write('a', 0);
  await writeFile(join(workDir, BODY_FILE), held);
  const { signal } = new AbortController();
  const goesOn = (start: number): Promise<boolean> =>
    continuesAt({ start, received: held.length, workDir }, Readable.from([held.subarray(start)]), signal);
  assert.is(await goesOn(100_000), false);
  assert.is(await goesOn(0), true, 'all of them were compared');
});

test('less than the seam is compared from the first byte on', async () => {
  const answer: OddHandler = (request) => honest(plain, request);
  const { end, asked, hash } = await resumed(answer, 5_000, answer);
  assert.is(end, 'done');
  assert.is(hash, sha256Of(71, SIZE));
  assert.equal(
    asked.map(({ from }) => from),
    [0],
  );
  const other: OddHandler = (request) => honest({ ...plain, seed: 72 }, request);
  const changed = await resumed(answer, 5_000, other);
  assert.is(changed.end, 'file_changed');
  assert.is(changed.hash, sha256Of(72, SIZE));
});

for (const [what, later] of [
  ['another weak ETag', (request) => honest({ ...weak, seed: 72, etag: 'W/"2"' }, request)],
  [
    'another date',
    (request) => withHeaders(honest({ ...weak, seed: 72 }, request), { 'last-modified': 'x' }),
  ],
  ['another total', (request) => honest({ ...weak, seed: 72, size: SIZE + 1 }, request)],
] as [string, OddHandler][]) {
  test(`${what} is another version, which says so too`, async () => {
    const first: OddHandler = (request) => withHeaders(honest(weak, request), DATED);
    const { end, hash } = await resumed(first, 300_000, later);
    assert.is(end, 'file_changed');
    const size = what === 'another total' ? SIZE + 1 : SIZE;
    assert.is(hash, sha256Of(72, size));
  });
}

test('a server that answers the range with everything begins anew', async () => {
  const { end, hash, output } = await resumed(
    (request) => honest(plain, request),
    300_000,
    () => whole({ ...plain, seed: 72 }),
  );
  assert.is(end, 'done');
  assert.is(hash, sha256Of(72, SIZE));
  assert.match(output, 'fetched from its start');
});

test('a connection that breaks within the compared bytes costs none', async () => {
  let count = 0;
  const answer: OddHandler = (request) => honest(plain, request);
  const { end, hash } = await resumed(answer, 300_000, (request) =>
    ++count === 1 ? cut(part(plain, request), 20_000) : answer(request),
  );
  // As any broken connection at the beginning of an attempt.
  assert.is(end, 'size_mismatch');
  assert.is(hash, '');
});

test('what is compared is kept after an interruption within it', async () => {
  const workDir = await freshDir();
  const url = serve((request) => cut(part(plain, request), request.count === 1 ? 300_000 : 10_000));
  assert.is(await settles(codeOf(downloadFile(jobFor(url, workDir), options))), 'size_mismatch');
  assert.is((await stat(join(workDir, BODY_FILE))).size, 300_000);
  assert.is((await loadState(workDir, url))?.segments[0]?.[2], 300_000);
});

test.run();
