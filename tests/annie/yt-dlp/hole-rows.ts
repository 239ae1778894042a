/** Streams in pieces, one of which is missing or is not media: what yt-dlp makes of them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { mediaDir, mediaMissing } from '../../site/media.ts';
import { type OddAnswer, startOddOrigin } from '../../site/odd-origin.ts';
import { picturesHash } from '../../support/media-hash.ts';
import { testUnless } from '../../support/skip.ts';
import { reason as noYtDlp, withEngine, type YtDlpFixture } from './fixture.ts';
import { withoutCrypto } from './without-crypto.ts';

const reason = noYtDlp ?? mediaMissing;
const media = (await mediaDir()) ?? '';
export const origin = await startOddOrigin();

const answerOf = (status: number, body: Buffer, type = 'video/mp2t'): OddAnswer => {
  return { status, headers: { 'content-type': type, 'content-length': body.length }, body };
};
const TYPES: Record<string, string> = { m3u8: 'application/vnd.apple.mpegurl', mpd: 'application/dash+xml' };

type Answers = Record<string, (whole: Buffer) => OddAnswer>;

/** Serves the media; `odd`: other answers, by path. */
function serve(odd: Answers): void {
  const files = new Map<string, Buffer>();
  origin.asked.length = 0;
  origin.answer = ({ path, from, to }) => {
    const file = files.get(path) ?? Buffer.alloc(0);
    const special = odd[path];
    if (special) return special(file);
    if (file.length === 0) return answerOf(404, file);
    const { headers, ...rest } = answerOf(
      200,
      file.subarray(from ?? 0, to ?? undefined),
      TYPES[path.split('.').at(-1) ?? ''],
    );
    if (from === null) return { ...rest, headers };
    const place = `bytes ${from}-${(to ?? file.length) - 1}/${file.length}`;
    return { ...rest, status: 206, headers: { ...headers, 'content-range': place } };
  };
  serve.files = files;
}
serve.files = new Map<string, Buffer>();

/** @returns the hash of the pictures, or the error's code and message */
async function outcome({ fetch }: YtDlpFixture, path: string, odd: Answers): Promise<string> {
  serve(odd);
  for (const name of await filesOf(path)) serve.files.set(`/${name}`, await readFile(join(media, name)));
  return fetch(`${origin.url}/${path}`).then(
    (file) => picturesHash(file.path),
    (thrown: unknown) => (thrown as { code?: string }).code ?? String(thrown),
  );
}

async function filesOf(path: string): Promise<string[]> {
  const folder = path.split('/')[0] ?? '';
  return (await readdir(join(media, folder))).map((name) => `${folder}/${name}`);
}

const gone = (): OddAnswer => answerOf(404, Buffer.from('gone'));
const empty = (): OddAnswer => answerOf(200, Buffer.alloc(0));
const PAGE = Buffer.from(
  '<!doctype html><html><head><title>Log in</title></head><body>Please log in.</body></html>\n',
);
const page = (): OddAnswer => answerOf(200, PAGE, 'text/html');
/** A page whose length could be that of an encrypted piece. */
const sealedPage = (): OddAnswer =>
  answerOf(200, Buffer.concat([PAGE, Buffer.alloc(16 - (PAGE.length % 16), ' ')]));
const json = (): OddAnswer => answerOf(200, Buffer.from('{"error":"token expired"}'), 'application/json');
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const png = (): OddAnswer => answerOf(200, PNG, 'image/png');
const behindPng = (whole: Buffer): OddAnswer => answerOf(200, Buffer.concat([PNG, whole]), 'image/png');

type Row = [what: string, path: string, odd: Answers, expected: string];

const listedTwice = (whole: Buffer): OddAnswer =>
  answerOf(200, Buffer.from(whole.toString().replaceAll('#EXTINF:1.0', '#EXTINF:2.0')), TYPES['m3u8']);

export const ROWS: Row[] = [
  ['pieces are half as long as listed', 'ts/high.m3u8', { '/ts/high.m3u8': listedTwice }, 'size_mismatch'],
  ['an encrypted list', 'aes/index.m3u8', {}, 'whole'],
  ['its second piece is missing', 'aes/index.m3u8', { '/aes/index1.ts': gone }, 'remote_not_found'],
  ['its last piece is missing', 'aes/index.m3u8', { '/aes/index5.ts': gone }, 'remote_not_found'],
  ['its key is missing', 'aes/index.m3u8', { '/aes/key.bin': gone }, 'remote_not_found'],
  ['an encrypted piece is a page', 'aes/index.m3u8', { '/aes/index2.ts': page }, 'not_media'],
  [
    'an encrypted piece is a page of whole blocks',
    'aes/index.m3u8',
    { '/aes/index2.ts': sealedPage },
    'not_media',
  ],
  ['an encrypted piece is empty', 'aes/index.m3u8', { '/aes/index2.ts': empty }, 'connection_lost'],
  ['a piece is missing', 'ts/high.m3u8', { '/ts/high003.ts': gone }, 'remote_not_found'],
  ['a piece is a page', 'ts/high.m3u8', { '/ts/high003.ts': page }, 'not_media'],
  ['the first piece is a page', 'ts/high.m3u8', { '/ts/high000.ts': page }, 'not_media'],
  ['a piece is JSON', 'ts/high.m3u8', { '/ts/high005.ts': json }, 'not_media'],
  ['a piece is empty', 'ts/high.m3u8', { '/ts/high001.ts': empty }, 'connection_lost'],
  ['a piece is a picture', 'ts/high.m3u8', { '/ts/high001.ts': png }, 'not_media'],
  [
    'every piece has a picture before it',
    'ts/high.m3u8',
    Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`/ts/high00${n}.ts`, behindPng])),
    'whole',
  ],
  ['a fragment is a page', 'fmp4/index.m3u8', { '/fmp4/index2.m4s': page }, 'not_media'],
  [
    'a DASH fragment is missing',
    'dash/index.mpd',
    { '/dash/chunk-stream0-00003.m4s': gone },
    'remote_not_found',
  ],
  ['a DASH fragment is a page', 'dash/index.mpd', { '/dash/chunk-stream0-00003.m4s': page }, 'not_media'],
];

const clip = mediaMissing === null ? await picturesHash(join(media, 'clip.mp4')) : '';

/** By our own copy of yt-dlp. */
export function testHole(test: Test, [what, path, odd, expected]: Row): void {
  testUnless(test, reason, `${what}: ${expected}`, () =>
    withEngine(async (fixture) => {
      const found = await outcome(fixture, path, odd);
      assert.is(found, expected === 'whole' ? clip : expected, fixture.received.output);
    }),
  );
}

/** By one that leaves it to ffmpeg. */
export function testHoleLeftToFfmpeg(test: Test, [what, path, odd, expected]: Row): void {
  testUnless(test, reason, `left to ffmpeg, ${what}: ${expected}`, () =>
    withEngine(async (fixture) => {
      const { dir, make, job } = fixture;
      const engine = make(await withoutCrypto(dir));
      const fetch: YtDlpFixture['fetch'] = (url, more) => engine.download(job(url, more));
      const found = await outcome({ ...fixture, fetch }, path, odd);
      assert.match(fixture.received.output, 'delegated to ffmpeg');
      assert.is(found, expected === 'whole' ? clip : expected, fixture.received.output);
    }),
  );
}

export const LEFT_TO_FFMPEG: Row[] = [
  ['an encrypted list', 'aes/index.m3u8', {}, 'whole'],
  ['its first piece is missing', 'aes/index.m3u8', { '/aes/index0.ts': gone }, 'size_mismatch'],
  ['its second piece is missing', 'aes/index.m3u8', { '/aes/index1.ts': gone }, 'size_mismatch'],
  ['its last piece is missing', 'aes/index.m3u8', { '/aes/index5.ts': gone }, 'size_mismatch'],
];
