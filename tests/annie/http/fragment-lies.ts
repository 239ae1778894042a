/** Streams of which one fragment is answered with lies: a part of its file with the head of the whole, in every framing. */
import { readFile } from 'node:fs/promises';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, type OddRequest, served, startOddOrigin } from '../../site/odd-origin.ts';
import { readers } from '../../support/readers.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from './kit.ts';

const FRAGMENTS = 6;
const FRAGMENT_BYTES = 100_000;
/** The fragment that is lied about. */
const ODD = 2;
/** Its bytes that came before the connection broke. */
const BEGUN = 60_000;
const stream = Buffer.concat([...contentPieces(95, 0, FRAGMENTS * FRAGMENT_BYTES)]);
const fragmentOf = (index: number): Buffer =>
  stream.subarray(index * FRAGMENT_BYTES, (index + 1) * FRAGMENT_BYTES);

const VALIDATORS = {
  'an ETag': { etag: '"v1"' },
  'a date': {
    'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT',
    date: 'Tue, 06 Jan 2026 00:00:00 GMT',
  },
  'no validator': {},
} satisfies Record<string, Record<string, string>>;
export type Validator = keyof typeof VALIDATORS;
export const VALIDATOR_NAMES = Object.keys(VALIDATORS) as Validator[];

export const FRAMINGS = ['chunked', 'until close', 'with its length'] as const;
export type Framing = (typeof FRAMINGS)[number];

export const KINDS = ['a byte range', 'begun, of known size', 'begun, of unknown size'] as const;
export type Kind = (typeof KINDS)[number];

/** The bytes that come as if they were all of the file. */
export const BODIES = ['all', 'the rest', 'the front', 'less than was there', 'more'] as const;

/** What a request for a range gets. */
export const REFUSALS = ['a 400', 'a 206 without Content-Range', 'a 200 with the rest'] as const;

export interface Lie {
  kind: Kind;
  validator: Validator;
  framing: Framing;
  refusal: (typeof REFUSALS)[number];
  body: (typeof BODIES)[number];
  /** How many requests without a range get it; then they get all, with its length. */
  times: number;
}

const origin = await startOddOrigin();
const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });
const lies: Lie[] = [];
/** Of the last Range, by the number of the lie. */
const restFrom: number[] = [];
const lied: number[] = [];

export async function close(): Promise<void> {
  await engine.close();
  await origin.close();
  await removeDirs();
}

/** The stream, what is wrong with the file, or the code. */
export async function endOf(lie: Lie): Promise<string> {
  const id = lies.push(lie) - 1;
  let path = '';
  const job = jobFor(`${origin.url}/${id}/stream.m3u8`, await freshDir());
  const code = await settles(codeOf(engine.download(job).then((file) => void (path = file.path))));
  if (code !== 'done') return code;
  const bytes = await readFile(path);
  return bytes.equals(stream) ? 'the stream' : `${bytes.length} wrong bytes`;
}

origin.answer = (request): OddAnswer => {
  const [, id = '', name = ''] = request.path.split('/');
  const lie = lies[Number(id)] as Lie;
  if (name === 'stream.m3u8') return playlistOf(lie, request);
  const headers = { 'content-type': 'video/mp2t', ...VALIDATORS[lie.validator] };
  if (lie.kind === 'a byte range') {
    const isOdd = request.from === null || Math.floor(request.from / FRAGMENT_BYTES) === ODD;
    return isOdd ? odd(Number(id), stream, headers, request) : served(stream, headers, request);
  }
  const file = fragmentOf(Number.parseInt(name));
  if (Number.parseInt(name) !== ODD) return served(file, headers, request);
  if (request.count > 1) return odd(Number(id), file, headers, request);
  const { 'content-length': length, ...unsized } = served(file, headers, request).headers;
  const sized = lie.kind === 'begun, of known size' ? { 'content-length': length ?? 0 } : {};
  return { status: 200, headers: { ...unsized, ...sized }, body: file, stop: { after: BEGUN, how: 'cut' } };
};

function playlistOf({ kind }: Lie, request: OddRequest): OddAnswer {
  const lines = Array.from({ length: FRAGMENTS }, (_, index) =>
    kind === 'a byte range'
      ? `#EXTINF:2,\n#EXT-X-BYTERANGE:${FRAGMENT_BYTES}@${index * FRAGMENT_BYTES}\nall.ts`
      : `#EXTINF:2,\n${index}.ts`,
  );
  const text = ['#EXTM3U', '#EXT-X-VERSION:4', ...lines, '#EXT-X-ENDLIST'].join('\n');
  return served(Buffer.from(text), { 'content-type': 'application/vnd.apple.mpegurl' }, request);
}

function odd(id: number, file: Buffer, headers: Record<string, string>, request: OddRequest): OddAnswer {
  const { refusal, body, framing, times } = lies[id] as Lie;
  if (request.from !== null) {
    restFrom[id] = request.from;
    const rest = file.subarray(request.from);
    if (refusal === 'a 400') return { status: 400, headers: { 'content-length': 0 }, body: Buffer.alloc(0) };
    if (refusal === 'a 200 with the rest') return framed(rest, headers, framing);
    return { ...framed(rest, headers, framing), status: 206 };
  }
  lied[id] = (lied[id] ?? 0) + 1;
  if (lied[id] > times) return served(file, headers, request);
  const from = restFrom[id] ?? 0;
  const bytes = {
    all: file,
    'the rest': file.subarray(from),
    // more than is on the disk
    'the front': file.subarray(0, Math.floor(file.length * 0.7)),
    'less than was there': file.subarray(0, 40_000),
    more: Buffer.concat([file, Buffer.alloc(5000, 'more')]),
  }[body];
  return framed(bytes, headers, framing);
}

function framed(body: Buffer, headers: Record<string, string>, framing: Framing): OddAnswer {
  const length = framing === 'with its length' ? { 'content-length': body.length } : {};
  return { status: 200, headers: { ...headers, ...length }, body, untilClose: framing === 'until close' };
}
