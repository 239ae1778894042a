/** Begun fragments go on by Range: what was fetched twice is bounded, and the bytes are right whatever the server answers. */
import { createCipheriv } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FragmentPart, type PartNote } from '#lib/annie/http/hls/fragment-part.server.ts';
import { FragmentFetcher } from '#lib/annie/http/hls/fragment.server.ts';
import type { Fragment } from '#lib/foreign/playlist/fragments.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, served } from '../../site/odd-origin.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir } from './kit.ts';
import { type OddHandler, openOddKit } from './odd-kit.ts';

const { serve, requestsFor, options, close } = await openOddKit();
test.after(close);

const SIZE = 100_000;
const BEGUN = 60_000;
const SEAM = 16 * 1024;
const bytesOf = (seed: number, size: number): Buffer => Buffer.concat([...contentPieces(seed, 0, size)]);
const content = bytesOf(91, SIZE);
const other = bytesOf(92, SIZE);
const key = Buffer.from('0123456789abcdef');
const iv = Buffer.alloc(16, 3);
const cipher = createCipheriv('aes-128-cbc', key, iv);
const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);

type Headers = Record<string, string>;
const strong: Headers = { etag: '"v1"' };
const none: Headers = {};

/** Serves ranges of a file, as most servers do. */
function serving(file: Buffer, headers: Headers): OddHandler {
  return (request) => served(file, headers, request);
}

function whole(body: Buffer, headers: Headers): OddAnswer {
  return served(body, headers, { from: null, to: null });
}

interface Begun {
  /** What is on the disk of the fragment. */
  saved: Buffer;
  headers: Headers;
  totalBytes: number | null;
  url: string;
  fragment: Partial<Fragment>;
  /** Thrown when the fragment has changed, the first time. */
  onChanged: Error;
}

interface End {
  code: string;
  file: Buffer;
  /** First bytes of the requests; null = no Range. */
  asked: (number | null)[];
  changes: number;
  counted: number;
  /** ETags of the notes that were kept, one after the other; null = there was none. */
  notes: (string | null)[];
}

/** What becomes of a begun fragment. */
async function continued(answer: OddHandler, more: Partial<Begun> = {}): Promise<End> {
  const url = serve(answer);
  const { saved = content.subarray(0, BEGUN), headers = strong, totalBytes = SIZE, fragment } = more;
  const path = join(await freshDir(), 'fragment');
  await writeFile(`${path}.part`, saved);
  const [etag, lastModified] = [headers['etag'] ?? null, headers['last-modified'] ?? null];
  const ifRange = etag?.startsWith('"') ? etag : null;
  const validators = { etag, lastModified, ifRange };
  const note: PartNote = { url: more.url ?? url, seen: { validators, totalBytes } };
  const notes: (PartNote | null)[] = [note];
  const part = await FragmentPart.find(path, note, {
    add: (next) => void notes.push(next),
    remove: () => Promise.resolve(void notes.push(null)),
    written: () => {},
  });
  const fetcher = new FragmentFetcher(options.client, new AbortController().signal);
  if (fragment?.range) fetcher.recordSeen(url, note.seen);
  let [changes, counted] = [0, 0];
  const fetching = fetcher.fetch(
    { url, range: null, key: null, sequence: 0, durationSeconds: 1, ...fragment },
    part,
    {
      onBytes: (bytes) => void (counted += bytes),
      onChanged: () =>
        ++changes === 1 && more.onChanged ? Promise.reject(more.onChanged) : Promise.resolve(),
    },
  );
  const code = await settles(codeOf(fetching));
  const file = await readFile(path).catch(() => Buffer.alloc(0));
  const asked = requestsFor(url).map(({ from }) => from);
  const tags = notes.map((kept) => kept?.seen.validators.etag ?? null);
  return { code, file, asked, changes, counted, notes: tags };
}

function assertRight({ code, file, counted }: End, right = content): void {
  assert.is(code, 'done');
  assert.ok(file.equals(right), `${file.length} bytes`);
  assert.is(counted, right.length);
}

const weak = { etag: 'W/"v1"' };
const undated = { 'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT' };

for (const [what, headers, from] of [
  ['a strong ETag', strong, BEGUN],
  ['a weak ETag', weak, BEGUN - SEAM],
  ['Last-Modified without Date', undated, BEGUN - SEAM],
  ['no validators', none, BEGUN - SEAM],
] as [string, Headers, number][]) {
  test(`with ${what} only what is missing is requested, from byte ${from} on`, async () => {
    const end = await continued(serving(content, headers), { headers });
    assertRight(end);
    assert.equal(end.asked, [from]);
    assert.is(end.changes, 0);
  });

  test(`with ${what} an encrypted fragment goes on after its last whole block`, async () => {
    const url = serve(() => whole(key, {}));
    const fragment = { key: { url, iv: iv.toString('hex') } };
    const totalBytes = ciphertext.length;
    for (const begun of [BEGUN, BEGUN + 7, 16, 5, SIZE]) {
      const saved = content.subarray(0, begun);
      const end = await continued(serving(ciphertext, headers), { headers, fragment, totalBytes, saved });
      assertRight(end);
      // the block before the missing ones is their initialisation vector
      const blocks = begun - (begun % 16);
      const seam = from === BEGUN ? 0 : SEAM;
      assert.equal(end.asked, [blocks - seam - 16 > 0 ? blocks - seam - 16 : null]);
    }
  });

  test(`with ${what} a fragment that is a range of its file goes on inside it`, async () => {
    const range = { start: 20_000, end: 80_000 };
    const saved = content.subarray(20_000, 50_000);
    const end = await continued(serving(content, headers), { headers, saved, fragment: { range } });
    assertRight(end, content.subarray(20_000, 80_000));
    assert.equal(end.asked, [from === BEGUN ? 50_000 : 50_000 - SEAM]);
  });

  test(`with ${what} a changed fragment is begun anew`, async () => {
    const changed = headers === strong ? { etag: '"v2"' } : headers;
    const end = await continued(serving(other, changed), { headers });
    assertRight(end, other);
    assert.is(end.changes, 1);
  });
}

test('with new signatures in its address the bytes before the missing ones are compared too', async () => {
  const url = 'http://site.example/fragment?sign=1';
  const end = await continued(serving(content, strong), { url });
  assertRight(end);
  assert.equal(end.asked, [BEGUN - SEAM]);
  const changed = await continued(serving(other, strong), { url });
  assertRight(changed, other);
});

test('nothing is noted of a changed fragment while its bytes may be of either version', async () => {
  const { notes } = await continued(serving(other, { etag: '"v2"' }));
  assert.equal(notes, ['"v1"', null, '"v2"']);
});

test('a changed fragment is not begun anew before its stream was compared', async () => {
  const onChanged = new SluiceError('connection_lost');
  const end = await continued(serving(other, none), { headers: none, onChanged });
  assertRight(end, other);
  assert.equal([end.changes, end.asked], [2, [BEGUN - SEAM, null]]);
});

test('a range of a file that has changed is a change of the whole track', async () => {
  const range = { start: 20_000, end: 80_000 };
  const saved = content.subarray(20_000, 50_000);
  const end = await continued(serving(other, none), { headers: none, saved, fragment: { range } });
  assert.match(end.code, 'Error');
  assert.is(end.changes, 0);
});

test('a fragment whose server has said no length goes on to the end of its file', async () => {
  const end = await continued(serving(content, none), { headers: none, totalBytes: null });
  assertRight(end);
  assert.equal(end.asked, [BEGUN - SEAM]);
});

test('a fragment of which all bytes are there is compared, not fetched again', async () => {
  const end = await continued(serving(content, strong), { saved: content });
  assertRight(end);
  assert.equal(end.asked, [SIZE - SEAM]);
});

test('a file that is longer than the fragment is not of this fragment', async () => {
  const saved = Buffer.concat([content, content]);
  const end = await continued(serving(content, strong), { saved });
  assertRight(end);
  assert.equal(end.asked, [null]);
});

test('another size under the same ETag is a contradiction, and the bytes stay', async () => {
  const end = await continued(serving(content.subarray(0, 90_000), strong));
  assert.is(end.code, 'remote_contradiction');
  assert.is(end.counted, BEGUN);
});

const refusal = (status: number): OddAnswer => ({
  status,
  headers: { 'content-length': 0 },
  body: Buffer.alloc(0),
});

const unusable: [string, OddHandler][] = [
  ['all of the file', () => whole(content, strong)],
  ['all of the file without a length', () => ({ status: 200, headers: strong, body: content })],
  ['the rest with the head of a whole file', ({ from }) => whole(content.subarray(from ?? 0), strong)],
  ['another part', () => served(content, strong, { from: 1000, to: null })],
  ['a 206 of no version', (request) => serving(content, none)(request)],
  ['more than it says', ({ from }) => tooLong(from ?? 0)],
  ...[400, 403, 416, 500, 0].map((status): [string, OddHandler] => [`${status}`, () => refusal(status)]),
];

test('a server that answers a Range with anything but the rest is asked once more, without', async () => {
  const ends = unusable.map(async ([what, answer]) => {
    const end = await continued((request) =>
      request.from === null ? whole(content, strong) : answer(request),
    );
    assert.is(end.code, 'done', what);
    assertRight(end);
    assert.is(end.asked.filter((from) => from === null).length, 1, what);
    assert.is(end.changes, 0, what);
  });
  await Promise.all(ends);
});

/** Chunked, and goes on past its range. */
function tooLong(from: number): OddAnswer {
  const { 'content-length': _, ...headers } = served(content, strong, { from, to: null }).headers;
  return { status: 206, headers, body: Buffer.concat([content.subarray(from), other]) };
}

test('a connection that breaks again and again costs no byte but those compared', async () => {
  const broken = async (headers: Headers, again: number): Promise<void> => {
    let sent = 0;
    const end = await continued(
      (request) => {
        const answer = serving(content, headers)(request);
        sent += Math.min(30_000, (answer.body as Buffer).length);
        return { ...answer, stop: { after: 30_000, how: 'cut' } };
      },
      { saved: Buffer.alloc(0) },
    );
    assertRight(end);
    assert.is(sent, SIZE + again * (end.asked.length - 1));
  };
  const silent = async (): Promise<void> => {
    const end = await continued((request) => ({
      ...serving(content, strong)(request),
      stop: { after: 0, how: 'cut' },
    }));
    assert.match(end.code, /size_mismatch|connection_lost/);
    assert.is(end.asked.length, 4, 'a server that never sends a new byte is given up');
  };
  await Promise.all([broken(strong, 0), broken(none, SEAM), silent()]);
});

test.run();
