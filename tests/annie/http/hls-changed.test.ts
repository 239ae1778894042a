/** Streams that are replaced while they are downloaded: the file is all of one stream, and an unchanged stream is resumed. */
import { createCipheriv } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, type OddRequest, startOddOrigin } from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { readers } from '../../support/readers.ts';
import { killWhen } from './kill-download.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from './kit.ts';

const FRAGMENTS = 8;
const FRAGMENT_BYTES = 100_000;
const STREAM_BYTES = FRAGMENTS * FRAGMENT_BYTES;

interface Stream {
  seed: number;
  /** Validators in its responses. */
  headers: Record<string, string>;
  /** Bytes of the one file with byte ranges; null = a file for each fragment. */
  totalBytes: number | null;
  /** Path of fragments. */
  path: string;
  query: string;
  key: Buffer | null;
}

const stream = (more: Partial<Stream> = {}): Stream => ({
  ...{ seed: 81, headers: {}, totalBytes: null, path: '/stream', query: '', key: null },
  ...more,
});
const ranged = (more: Partial<Stream> = {}): Stream =>
  stream({ totalBytes: STREAM_BYTES, headers: { etag: '"v1"' }, ...more });

const contents = new Map<number, Buffer>();
function contentOf({ seed }: Stream): Buffer {
  const content = contents.get(seed) ?? Buffer.concat([...contentPieces(seed, 0, STREAM_BYTES + 5000)]);
  contents.set(seed, content);
  return content;
}

function playlistOf({ totalBytes, path, query, key }: Stream): string {
  const fragments = Array.from({ length: FRAGMENTS }, (_, index) =>
    totalBytes === null
      ? `#EXTINF:2,\n${path}/${index}.ts${query}`
      : `#EXTINF:2,\n#EXT-X-BYTERANGE:${FRAGMENT_BYTES}@${index * FRAGMENT_BYTES}\n${path}.ts${query}`,
  );
  const keyLine = key === null ? [] : ['#EXT-X-KEY:METHOD=AES-128,URI="/key"'];
  return ['#EXTM3U', '#EXT-X-VERSION:4', ...keyLine, ...fragments, '#EXT-X-ENDLIST'].join('\n');
}

const ok = (type: string, body: Buffer, headers: Record<string, string> = {}): OddAnswer => ({
  status: 200,
  headers: { 'content-type': type, 'content-length': body.length, ...headers },
  body,
});

function answerOf(now: Stream, { path, from, to }: OddRequest): OddAnswer {
  if (path === '/stream.m3u8')
    return ok('application/vnd.apple.mpegurl', Buffer.from(playlistOf(now)), now.headers);
  if (path === '/key') return ok('application/octet-stream', now.key ?? Buffer.alloc(0));
  const content = contentOf(now);
  if (now.totalBytes === null) {
    const index = Number(/(\d+)\.ts/.exec(path)?.[1]);
    const plain = content.subarray(index * FRAGMENT_BYTES, (index + 1) * FRAGMENT_BYTES);
    return ok('video/mp2t', now.key === null ? plain : encrypted(plain, now.key, index), now.headers);
  }
  const [start, end] = [from ?? 0, to ?? now.totalBytes];
  const range = { 'content-range': `bytes ${start}-${end - 1}/${now.totalBytes}` };
  const answer = ok('video/mp2t', content.subarray(start, end), { ...now.headers, ...range });
  return { ...answer, status: 206 };
}

function encrypted(plain: Buffer, key: Buffer, sequence: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeBigInt64BE(BigInt(sequence), 8);
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

const origin = await startOddOrigin();
const url = `${origin.url}/stream.m3u8`;
const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });
const isFragment = ({ path }: OddRequest): boolean => path.includes('.ts');
/** A request may be for the rest of a begun fragment. */
const indexOf = ({ path, from }: OddRequest): number =>
  Number(/\/(\d+)\.ts/.exec(path)?.[1] ?? Math.floor((from ?? 0) / FRAGMENT_BYTES));

/** Downloads half of a stream. */
async function halfOf(before: Stream, workDir: string, interrupt: 'pause' | 'kill'): Promise<void> {
  origin.answer = (request) => ({
    ...answerOf(before, request),
    ...(isFragment(request) && indexOf(request) >= 4 ? { stop: { after: 1000, how: 'hold' as const } } : {}),
  });
  const hasHalf = (state: string): boolean => state.includes('"fragments":4');
  if (interrupt === 'kill') return killWhen(url, workDir, hasHalf, 'hls-video.json');
  const abort = new AbortController();
  const running = codeOf(engine.download(jobFor(url, workDir, { signal: abort.signal })));
  const state = (): Promise<string> => readFile(`${workDir}/hls-video.json`, 'utf8').catch(() => '');
  await waitFor(async () => hasHalf(await state()), { what: 'half of the stream' });
  abort.abort();
  await settles(running);
}

/** Which stream the file holds, or the code. */
async function outcome(workDir: string, streams: Record<string, Stream>): Promise<string> {
  const job = jobFor(url, workDir);
  let path = '';
  const code = await settles(
    codeOf(
      engine.download(job).then((file) => {
        path = file.path;
      }),
    ),
  );
  if (code !== 'done') return code;
  const bytes = await readFile(path);
  const received = job.samples.at(-1)?.receivedBytes ?? 0;
  // encrypted fragments are padded with up to 16 bytes each
  assert.ok(received >= STREAM_BYTES && received <= STREAM_BYTES + FRAGMENTS * 16, `${received} bytes`);
  assert.is(job.samples.at(-1)?.percent, 100);
  const name = Object.keys(streams).find((each) =>
    bytes.equals(contentOf(streams[each] as Stream).subarray(0, STREAM_BYTES)),
  );
  return name ?? 'a mixture';
}

const key = Buffer.from('0123456789abcdef');
const otherKey = Buffer.from('fedcba9876543210');
const monday = { 'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT' };
const tuesday = { 'last-modified': 'Tue, 06 Jan 2026 00:00:00 GMT' };

for (const [what, before, after] of [
  ['another ETag', ranged(), ranged({ seed: 82, headers: { etag: '"v2"' } })],
  [
    'another ETag and size',
    ranged(),
    ranged({ seed: 82, headers: { etag: '"v2"' }, totalBytes: STREAM_BYTES + 4096 }),
  ],
  ['another date', ranged({ headers: monday }), ranged({ seed: 82, headers: tuesday })],
  ['no ETag any more', ranged(), ranged({ seed: 82, headers: {} })],
  [
    'another size and no validators',
    ranged({ headers: {} }),
    ranged({ seed: 82, headers: {}, totalBytes: STREAM_BYTES + 4096 }),
  ],
  ['no validators, one file', ranged({ headers: {} }), ranged({ seed: 82, headers: {} })],
  ['other names', stream(), stream({ seed: 82, path: '/other' })],
  ['the same names', stream(), stream({ seed: 82 })],
  ['other queries', stream({ query: '?stream=1' }), stream({ seed: 82, query: '?stream=2' })],
  ['the same key', stream({ key }), stream({ key, seed: 82 })],
  ['another key', stream({ key }), stream({ key: otherKey, seed: 82 })],
] as [string, Stream, Stream][]) {
  const isKilledToo = ['another ETag', 'other names'].includes(what);
  for (const interrupt of isKilledToo ? (['pause', 'kill'] as const) : (['pause'] as const)) {
    test(`after a ${interrupt}, a stream that was replaced by one with ${what} is fetched anew`, async () => {
      const workDir = await freshDir();
      await halfOf(before, workDir, interrupt);
      origin.answer = (request) => answerOf(after, request);
      assert.is(await outcome(workDir, { before, after }), 'after');
    });
  }
}

for (const [what, before, after] of [
  ['nothing new', stream(), stream()],
  ['new signatures', stream({ query: '?sign=1' }), stream({ query: '?sign=2' })],
  ['new signatures, in one file', ranged({ query: '?sign=1' }), ranged({ query: '?sign=2' })],
  ['a new path', stream({ path: '/token-1' }), stream({ path: '/token-2' })],
  ['encryption', stream({ key, query: '?sign=1' }), stream({ key, query: '?sign=2' })],
] as [string, Stream, Stream][]) {
  test(`an unchanged stream with ${what} is resumed`, async () => {
    const workDir = await freshDir();
    await halfOf(before, workDir, 'pause');
    const from = origin.asked.length;
    origin.answer = (request) => answerOf(after, request);
    assert.is(await outcome(workDir, { before }), 'before');
    // the last fragment on the disk is compared with the server's
    const asked = new Set(origin.asked.slice(from).filter(isFragment).map(indexOf));
    assert.equal([...asked].sort(), [3, 4, 5, 6, 7]);
  });
}

test('a file that is replaced in the middle of a download is fetched anew', async () => {
  const [before, after] = [ranged(), ranged({ seed: 82, headers: { etag: '"v2"' } })];
  let requests = 0;
  origin.answer = (request) => {
    if (isFragment(request)) requests++;
    return answerOf(requests > 5 ? after : before, request);
  };
  assert.is(await outcome(await freshDir(), { before, after }), 'after');
});

test('a file whose version changes with each response is file_changed', async () => {
  let requests = 0;
  origin.answer = (request) => answerOf(ranged({ headers: { etag: `"${++requests}"` } }), request);
  assert.is(await outcome(await freshDir(), {}), 'file_changed');
});

test.after(async () => {
  await engine.close();
  await origin.close();
  await removeDirs();
});

test.run();
