/** Odd responses to requests for fragments: the bytes are those that the playlist names, or there are none. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FragmentPart } from '#lib/annie/http/hls/fragment-part.server.ts';
import { FragmentFetcher } from '#lib/annie/http/hls/fragment.server.ts';
import type { Fragment } from '#lib/foreign/playlist/fragments.ts';
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, type OddFile, part, whole } from '../../site/odd-origin.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir } from './kit.ts';
import { emptyBody } from './odd-bodies.ts';
import { type OddHandler, openOddKit } from './odd-kit.ts';

const { serve, requestsFor, options, close } = await openOddKit();
test.after(close);

const file: OddFile = { seed: 71, size: 10_000, etag: '"v1"' };
const content = Buffer.concat([...contentPieces(file.seed, 0, file.size)]);
const RANGE = { start: 1000, end: 3000 };
const { signal } = new AbortController();

/** What a fragment's file holds in the end: `right`, or the code. */
async function fetched(url: string, ranges: Fragment['range'][]): Promise<string> {
  const fetcher = new FragmentFetcher(options.client, signal);
  const dir = await freshDir();
  for (const [index, range] of ranges.entries()) {
    const path = join(dir, String(index));
    let counted = 0;
    const part = FragmentPart.fresh(path, {
      add: () => {},
      remove: () => Promise.resolve(),
      written: () => {},
    });
    const fetching = fetcher.fetch({ url, range, key: null, sequence: 0, durationSeconds: 1 }, part, {
      onBytes: (bytes) => void (counted += bytes),
      onChanged: () => Promise.resolve(),
    });
    const code = await settles(codeOf(fetching));
    if (code !== 'done') return code;
    const bytes = await readFile(path);
    const right = range === null ? content : content.subarray(range.start, range.end);
    if (!bytes.equals(right)) return `${bytes.length} wrong bytes`;
    assert.is(counted, bytes.length);
  }
  return 'right';
}

const piece = (start: number, end: number, headers: Record<string, string | number> = {}): OddAnswer => ({
  status: 200,
  headers: { 'content-type': 'video/mp2t', etag: '"v1"', 'content-length': end - start, ...headers },
  body: { file, start, end },
});
const oddPart = (headers: Record<string, string | number>): OddAnswer => {
  const answer = part(file, { from: RANGE.start, to: RANGE.end });
  return { ...answer, headers: { ...answer.headers, ...headers } };
};
function without(answer: OddAnswer, name: string): OddAnswer {
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([key]) => key !== name));
  return { ...answer, headers };
}
const contentRange = `bytes ${RANGE.start}-${RANGE.end - 1}/${file.size}`;
const gzipped = gzipSync(content);

for (const [what, answer, once, always] of [
  ['a 206', () => oddPart({}), 'right', 'right'],
  ['a 206 of no version', () => without(oddPart({}), 'etag'), 'right', 'right'],
  [
    'a 206 of an unknown total',
    () => oddPart({ 'content-range': contentRange.replace(/\d+$/, '*') }),
    'right',
    'right',
  ],
  ['a 206 of more than was asked for', () => part(file, { from: RANGE.start, to: null }), 'right', 'right'],
  [
    'a 200 with its Content-Range',
    () => piece(RANGE.start, RANGE.end, { 'content-range': contentRange }),
    'right',
    'right',
  ],
  ['all of the file', () => whole(file), 'right', 'right'],
  ['all of the file without a length', () => without(whole(file), 'content-length'), 'right', 'right'],
  [
    'all of the file, gzip-coded',
    () => ({
      ...whole(file),
      headers: { 'content-encoding': 'gzip', 'content-length': gzipped.length },
      body: gzipped,
    }),
    'right',
    'right',
  ],
  ['a 200 with what was asked for', () => piece(RANGE.start, RANGE.end), 'right', 'remote_contradiction'],
  // always: nothing else was ever reported of the file, so nobody can know
  ['a 200 from there to the end', () => piece(RANGE.start, file.size), 'right', null],
  ['a 206 of an earlier place', () => part(file, { from: 500, to: 2500 }), 'right', 'remote_status'],
  ['a 206 of a later place', () => part(file, { from: 1500, to: 3500 }), 'right', 'remote_status'],
  ['a 206 without Content-Range', () => without(oddPart({}), 'content-range'), 'right', 'remote_status'],
  [
    'a 206 of another length than its range',
    () => oddPart({ 'content-length': 500 }),
    'right',
    'remote_status',
  ],
  [
    'a chunked 206 that goes on past its range',
    () => ({ ...without(oddPart({}), 'content-length'), body: { file, start: 0, end: file.size } }),
    'right',
    'remote_status',
  ],
  ['a 400', () => emptyBody(400, { 'content-length': 0 }), 'right', 'remote_status'],
  ['a 403', () => emptyBody(403, { 'content-length': 0 }), 'right', 'remote_denied'],
  ['a 416', () => emptyBody(416, { 'content-length': 0 }), 'right', 'remote_status'],
  ['a 500', () => emptyBody(500, { 'content-length': 0 }), 'right', 'remote_error'],
  ['a reset connection', () => emptyBody(0, {}), 'right', 'connection_lost'],
  ['a gzip-coded 206', () => oddPart({ 'content-encoding': 'gzip' }), 'right', 'remote_status'],
  [
    'a file that ends before',
    () => oddPart({ 'content-range': 'bytes 1000-1499/1500', 'content-length': 500 }),
    'right',
    'remote_status',
  ],
] as [string, OddHandler, string, string | null][]) {
  test(`${what} in response to a request for a range gives the right bytes or none`, async () => {
    const honestly = serve((request) => (request.from === null ? whole(file) : answer(request)));
    assert.is(await fetched(honestly, [RANGE]), once, 'once');
    if (always !== null) assert.is(await fetched(serve(answer), [RANGE]), always, 'always');
  });
}

test('what one response reports of a file is compared with the responses for later fragments', async () => {
  const second = { start: 3000, end: 5000 };
  for (const odd of [
    piece(3000, file.size),
    piece(0, 9000),
    part({ ...file, size: 9000 }, { from: 3000, to: 5000 }),
  ]) {
    const url = serve(({ from, to }) => (from === RANGE.start ? part(file, { from, to }) : odd));
    assert.match(await fetched(url, [RANGE, second]), /^remote_(contradiction|status)$/);
  }
});

test('where no total was ever reported, the bytes before a fragment are compared with those fetched before', async () => {
  const second = { start: 3000, end: 5000 };
  const unsized = (start: number): OddAnswer => without(piece(start, file.size), 'content-length');
  const served = (first: number): string =>
    serve(({ from }) => {
      if (from === RANGE.start) return oddPart({ 'content-range': contentRange.replace(/\d+$/, '*') });
      return from === null ? unsized(first) : emptyBody(400, { 'content-length': 0 });
    });
  assert.is(await fetched(served(0), [RANGE, second]), 'right');
  assert.is(await fetched(served(3000), [RANGE, second]), 'remote_contradiction');
});

test('a server without ranges is asked for a range once, not for each fragment', async () => {
  const ranges = [0, 1, 2, 3].map((index) => ({ start: index * 1000, end: index * 1000 + 1000 }));
  const url = serve(() => whole(file));
  assert.is(await fetched(url, ranges), 'right');
  assert.equal(
    requestsFor(url).map(({ from }) => from),
    [0, 1000, null, null, null],
  );
});

test('a playlist that names bytes beyond the end of its file is a contradiction', async () => {
  const beyond = { start: 9000, end: 11_000 };
  const url = serve(({ from, to }) => (from === null ? whole(file) : part(file, { from, to })));
  assert.is(await fetched(url, [beyond]), 'remote_contradiction');
  assert.is(
    await fetched(
      serve(() => whole(file)),
      [{ start: 0, end: 11_000 }],
    ),
    'remote_contradiction',
  );
});

for (const [what, answer, end] of [
  ['all of it', () => whole(file), 'right'],
  ['all of it as a 206', () => part(file, { from: 0, to: null }), 'right'],
  [
    'all of it, gzip-coded',
    () => ({ ...whole(file), headers: { 'content-encoding': 'gzip' }, body: gzipped }),
    'right',
  ],
  ['a part of it as a 206', () => part(file, { from: 0, to: 2000 }), 'remote_status'],
  ['a part of it as a 200', () => piece(0, 2000, { 'content-range': 'bytes 0-1999/10000' }), 'remote_status'],
  ['less than it says', () => ({ ...whole(file), body: { file, start: 0, end: 2000 } }), 'size_mismatch'],
  ['nothing', () => ({ status: 204, headers: {}, body: Buffer.alloc(0) }), 'remote_status'],
] as [string, OddHandler, string][]) {
  test(`${what} in response to a request for a whole fragment is ${end}`, async () => {
    assert.is(await fetched(serve(answer), [null]), end);
  });
}

test.run();
