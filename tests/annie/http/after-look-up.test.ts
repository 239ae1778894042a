/** What look-ups list of odd servers, and downloads that are compared with an earlier look-up. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readers } from '../../support/readers.ts';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { honest, type OddAnswer, type OddFile, part, whole } from '../../site/odd-origin.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir, jobFor, openGuard } from './kit.ts';
import { emptyBody, newFileOf, unversionedOf } from './odd-bodies.ts';
import { type OddHandler, openOddKit } from './odd-kit.ts';

const { serve, requestsFor, close } = await openOddKit();
const file: OddFile = { seed: 67, size: 2_000_000, etag: '"v1"' };
const unversioned: OddFile = { ...file, etag: null };
const type = { 'content-type': 'video/mp4' };
const signal = new AbortController().signal;
test.after(close);

/** 200 with the first `end` bytes. */
const start = (of: OddFile, end: number, headers: Record<string, string | number> = {}): OddAnswer => ({
  status: 200,
  headers: {
    ...type,
    ...(of.etag === null ? {} : { etag: of.etag }),
    'content-length': end,
    ...headers,
  },
  body: { file: of, start: 0, end },
});
async function withEngine(body: (engine: HttpEngine) => Promise<void>): Promise<void> {
  const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000, keptMs: 0 });
  try {
    await body(engine);
  } finally {
    await engine.close();
  }
}

async function listed(engine: HttpEngine, url: string): Promise<number | null | undefined> {
  const { items } = await settles(engine.parse({ url, signal }));
  return items[0]?.streams[0]?.bytes;
}

for (const [what, answer, bytes] of [
  ['a 206 with its total', (request) => part(file, request), file.size],
  ['a 206 of the first part', () => part(file, { from: 0, to: 100 }), file.size],
  [
    'a 200 with the Content-Range of the first part',
    () => start(file, 100, { 'content-range': 'bytes 0-99/2000000' }),
    file.size,
  ],
  [
    'a 206 of another length than its range',
    () => ({
      ...part(file, { from: 0, to: null }),
      headers: { ...type, 'content-length': 100, 'content-range': 'bytes 0-1999999/2000000' },
    }),
    null,
  ],
  ['a 206 that begins later', () => part(file, { from: 100, to: null }), null],
  [
    'a 206 of an unknown total',
    () => ({
      ...part(file, { from: 0, to: null }),
      headers: { ...type, 'content-range': 'bytes 0-1999999/*' },
    }),
    null,
  ],
  [
    'a 200 of more than its Content-Range',
    () => ({ ...whole(file), headers: { ...whole(file).headers, 'content-range': 'bytes 0-99/100' } }),
    null,
  ],
  ...[0, 400].map((status): [string, OddHandler, number] => [
    status === 0 ? 'a reset connection, or a 200 without a range' : `a ${status}, or a 200 without a range`,
    (request) => (request.from === null ? whole(file) : emptyBody(status, { 'content-length': 0 })),
    file.size,
  ]),
  [
    'a gzip-coded 200',
    () => ({ ...whole(file), headers: { ...whole(file).headers, 'content-encoding': 'gzip' } }),
    null,
  ],
] as [string, OddHandler, number | null][]) {
  test(`${what} is listed with ${bytes ?? 'no'} bytes`, () =>
    withEngine(async (engine) => {
      assert.is(await listed(engine, serve(answer)), bytes);
    }));
}

for (const [what, then, end] of [
  ['fewer bytes of the same version', () => start(file, 900_000), 'remote_contradiction'],
  [
    'fewer bytes of the same version, without a length',
    () => ({ status: 200, headers: { ...type, etag: '"v1"' }, body: { file, start: 0, end: 900_000 } }),
    'remote_contradiction',
  ],
  [
    'more bytes of the same version, without a length',
    () => ({ status: 200, headers: { ...type, etag: '"v1"' }, body: { file, start: 0, end: 2_000_001 } }),
    'remote_contradiction',
  ],
  [
    'fewer bytes of no version, without a length',
    () => ({ status: 200, headers: type, body: { file, start: 0, end: 900_000 } }),
    'remote_contradiction',
  ],
  [
    'fewer bytes of no version, but the whole when asked for it',
    (request) => (request.from === null ? whole(file) : start(unversioned, 900_000)),
    'done',
  ],
  [
    'a part of fewer bytes of the same version, but the whole when asked for it',
    (request) => (request.from === null ? whole(file) : part({ ...file, size: 900_000 }, request)),
    'done',
  ],
  ['a new version', (request) => honest(newFileOf(file), request), 'done'],
  ['fewer bytes of no version', () => whole(unversionedOf(file)), 'done'],
  ['the same', (request) => honest(file, request), 'done'],
] as [string, OddHandler, string][]) {
  test(`after a look-up, ${what} is ${end}`, () =>
    withEngine(async (engine) => {
      let isLookUp = true;
      const url = serve((request) => (isLookUp ? honest(file, request) : then(request)));
      assert.is(await listed(engine, url), file.size);
      isLookUp = false;
      assert.is(await settles(codeOf(engine.download(jobFor(url, await freshDir())))), end);
    }));
}

for (const [what, then, end] of [
  [
    'the first bytes, without a length',
    () => ({ status: 200, headers: type, body: { file, start: 0, end: 900_000 } }),
    'remote_contradiction',
  ],
  [
    'the first bytes, without a length, but all when asked for it',
    (request) =>
      request.from === null
        ? whole(unversioned)
        : { status: 200, headers: type, body: { file, start: 0, end: 900_000 } },
    'done',
  ],
  ['another file', () => whole(unversionedOf(file)), 'done'],
  ['another part', (request) => honest(unversionedOf(file), request), 'done'],
] as [string, OddHandler, string][]) {
  test(`after a look-up of a file without validators, ${what} is ${end}`, () =>
    withEngine(async (engine) => {
      let isLookUp = true;
      const url = serve((request) => (isLookUp ? honest(unversioned, request) : then(request)));
      assert.is(await listed(engine, url), file.size);
      isLookUp = false;
      assert.is(await settles(codeOf(engine.download(jobFor(url, await freshDir())))), end);
    }));
}

test('a new look-up replaces an earlier one, and a download without a look-up is compared with none', () =>
  withEngine(async (engine) => {
    let size = file.size;
    const url = serve((request) => honest({ ...file, size }, request));
    const fetched = async (): Promise<string> =>
      settles(codeOf(engine.download(jobFor(url, await freshDir()))));
    assert.is(await fetched(), 'done');
    size = 1_500_000;
    assert.is(await fetched(), 'done');
    assert.is(await listed(engine, url), size);
    size = 1_400_000;
    assert.is(await fetched(), 'remote_contradiction');
    assert.is(await listed(engine, url), size);
    assert.is(await fetched(), 'done');
  }));

test('a page that was sent in part is requested and read whole', () =>
  withEngine(async (engine) => {
    const media = serve(() => whole(file));
    const page = `<title>x</title>${' '.repeat(5000)}<video src="${media}"></video>`;
    const html = { 'content-type': 'text/html' };
    const url = serve((request) => {
      if (request.from === null) {
        return { status: 200, headers: { ...html, 'content-length': page.length }, body: Buffer.from(page) };
      }
      const headers = { ...html, 'content-length': 2000, 'content-range': `bytes 0-1999/${page.length}` };
      return { status: 206, headers, body: Buffer.from(page.slice(0, 2000)) };
    });
    const { items } = await settles(engine.parse({ url, signal }));
    assert.equal(
      items.map((item) => item.url),
      [media],
    );
    assert.equal(
      requestsFor(url).map(({ from }) => from),
      [0, null],
    );
  }));

test.run();
