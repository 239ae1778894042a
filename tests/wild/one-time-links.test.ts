/**
 * Links that are good for one request: what browsers save with their first one. RFC 9110 (section 9.2.1) calls GET safe, but
 * tokens of file hosters, mail attachments and exports are used up by it.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sample } from '#lib/protocol/progress.ts';
import { freshDir } from '../annie/http/kit.ts';
import { waitFor } from '../support/wait.ts';
import { response, type WildAnswer, type WildRequest } from './origin.ts';
import { openWildKit, type Outcome } from './outcome.ts';

const MiB = 1024 * 1024;
let session = 'one';
const kit = await openWildKit({ caller: () => session });
const { origin } = kit;
const TYPE = 'Content-Type: application/zip';

interface Link {
  size: number;
  /** Serves ranges, as a 206 with a strong ETag. */
  ranges: boolean;
  /** Of all requests but the first that it serves. */
  then: string;
  /** Refuses requests with a range, which use nothing up. */
  refusesRanges?: boolean;
}

function bodyOf(size: number): Buffer {
  return Buffer.alloc(size, 'one-time link ');
}

function once({ size, ranges, then, refusesRanges = false }: Link): WildAnswer {
  let isUsed = false;
  return ({ headers }) => {
    if (refusesRanges && headers.has('range')) return response('HTTP/1.1 403 Forbidden');
    if (isUsed) return response(`HTTP/1.1 ${then}`);
    isUsed = true;
    const body = bodyOf(size);
    if (!ranges || !headers.has('range')) return response(TYPE, body);
    const range = `Content-Range: bytes 0-${size - 1}/${size}`;
    return response(`HTTP/1.1 206 Partial Content\r\n${TYPE}\r\nETag: "1"\r\n${range}`, body);
  };
}

async function picked(url: string, more: Parameters<typeof kit.download>[1] = {}): Promise<Outcome> {
  const items = await kit.list(url);
  if (typeof items === 'string') throw new Error(items);
  const [item] = items;
  const streamId = item?.streams[0]?.id ?? null;
  return kit.download(item?.url ?? '', { engine: 'http', streamId, title: item?.title ?? '', ...more });
}

const links: Link[] = [
  ...[2000, 3 * MiB, 20 * MiB].flatMap((size) =>
    [true, false].map((ranges) => ({ size, ranges, then: '410 Gone' })),
  ),
  { size: 20 * MiB, ranges: true, then: '403 Forbidden' },
  { size: 20 * MiB, ranges: true, then: '404 Not Found' },
  { size: 3 * MiB, ranges: false, then: '403 Forbidden' },
  { size: 2000, ranges: false, then: '404 Not Found' },
  { size: 2000, ranges: false, then: '302 Found\r\nLocation: /expired' },
  { size: 9 * MiB, ranges: false, then: '410 Gone', refusesRanges: true },
];

for (const [index, link] of links.entries()) {
  const { size, ranges, then, refusesRanges = false } = link;
  const what = `${size} bytes ${ranges ? 'with' : 'without'} ranges, then ${then.slice(0, 3)}${refusesRanges ? ', and no range ever' : ''}`;
  for (const way of ['picked from its list', 'added at once'] as const) {
    test(`a link that is good once is saved when ${way}: ${what}`, async () => {
      const path = `/once-${index}-${way === 'added at once' ? 'a' : 'p'}.zip`;
      const url = origin.serve(path, once(link));
      const saved = way === 'added at once' ? await kit.download(url) : await picked(url);
      assert.is(saved.state, 'complete', saved.message);
      assert.ok(saved.body.equals(bodyOf(size)));
      // Nothing but a further connection, which is not needed, was tried.
      if (!ranges) assert.is(origin.requestsFor(path).length, refusesRanges ? 2 : 1);
    });
  }
}

test('a link on a page, or behind a refresh, is used once', async () => {
  const html = 'Content-Type: text/html';
  for (const [name, page] of [
    ['page', '<title>P</title><video src=/on-page.mp4></video>'],
    ['refresh', '<meta http-equiv=refresh content="0; url=/on-refresh.mp4">'],
  ] as const) {
    for (const way of ['picked', 'added'] as const) {
      const body = page.replaceAll('.mp4', `-${way}.mp4`);
      origin.serve(`/on-${name}-${way}.mp4`, once({ size: 2 * MiB, ranges: false, then: '410 Gone' }));
      const url = origin.serve(`/${name}-${way}`, response(html, body));
      const saved = way === 'added' ? await kit.download(url) : await picked(url);
      assert.equal([name, way, saved.state, saved.body.length], [name, way, 'complete', 2 * MiB]);
    }
  }
});

test('of a long list of links the answers of the first are kept', async () => {
  const videos = [0, 1, 2, 3, 4, 5].map((index) => {
    origin.serve(`/of-six-${index}.mp4`, once({ size: 2000, ranges: false, then: '410 Gone' }));
    return `<video src=/of-six-${index}.mp4></video>`;
  });
  const saved = await picked(origin.serve('/six', response('Content-Type: text/html', videos.join(''))));
  assert.is(saved.state, 'complete', saved.message);
});

test('a cookie that comes with the first answer is there for the requests that follow it', async () => {
  const size = 8 * MiB;
  const body = bodyOf(size);
  const cookies: (string | undefined)[] = [];
  const url = origin.serve('/cut.zip', ({ headers, count }) => {
    cookies.push(headers.get('cookie'));
    const from = Number(/bytes=(\d+)-/.exec(headers.get('range') ?? '')?.[1] ?? 0);
    const head =
      `HTTP/1.1 206 Partial Content\r\n${TYPE}\r\nETag: "1"\r\nContent-Length: ${size - from}\r\nSet-Cookie: key=1` +
      `\r\nContent-Range: bytes ${from}-${size - 1}/${size}`;
    return response(head, count === 1 ? body.subarray(0, 6 * MiB) : body.subarray(from));
  });
  const saved = await kit.download(url);
  assert.ok(saved.body.equals(body), saved.state);
  assert.equal(cookies, [undefined, 'key=1']);
});

test('the answer is for the session that looked, and for one download', async () => {
  const url = origin.serve('/mine.zip', once({ size: 2000, ranges: false, then: '410 Gone' }));
  await kit.list(url);
  session = 'two';
  assert.is((await kit.download(url)).state, 'remote_not_found');
  session = 'one';
  assert.is((await kit.download(url)).state, 'complete');
  const again = await kit.download(url);
  assert.equal([again.state, /410/.test(again.message)], ['remote_link_used', true]);
});

test('an answer is kept for a while, four in a session, and to the end of the session', async () => {
  const brief = await openWildKit({ keptMs: 50, caller: () => 'one' });
  const url = brief.origin.serve(
    '/brief.zip',
    once({ size: 20 * MiB, ranges: false, then: '403 Forbidden' }),
  );
  await brief.list(url);
  await waitFor(() => brief.origin.openSockets() === 0, { what: 'the connection to be closed' });
  assert.is((await brief.download(url)).state, 'remote_link_used');
  await brief.close();

  const many = await openWildKit({ caller: () => 'one' });
  const urls = [1, 2, 3, 4, 5, 6].map((n) =>
    many.origin.serve(`/${n}.zip`, once({ size: 20 * MiB, ranges: false, then: '410 Gone' })),
  );
  for (const each of urls) await many.list(each);
  await waitFor(() => many.origin.openSockets() === 4, { what: 'the oldest to be closed' });
  assert.is((await many.download(urls[0] ?? '')).state, 'remote_link_used');
  assert.is((await many.download(urls[5] ?? '')).state, 'complete');
  many.engine.dropSession('one');
  await waitFor(() => many.origin.openSockets() === 0, { what: 'all to be closed' });
  await many.close();
});

test('a kept connection is given up for the next request of a host that serves one at a time', async () => {
  let busy = 0;
  const single: WildAnswer = async function* (this: void, { path }: WildRequest) {
    if (busy > 0) return yield response('HTTP/1.1 503 Busy');
    busy++;
    try {
      yield `HTTP/1.1 200 OK\r\n${TYPE}\r\nContent-Length: ${20 * MiB}\r\n\r\n`;
      for (let i = 0; i < 20; i++) yield Buffer.alloc(MiB, path);
    } finally {
      busy--;
    }
  };
  const [first, second] = ['/single-1.zip', '/single-2.zip'].map((path) => origin.serve(path, single));
  assert.is(typeof (await kit.list(first ?? '')), 'object');
  assert.is(busy, 1);
  const seen: Sample[] = [];
  const saved = await kit.download(second ?? '', { onSample: (sample) => void seen.push(sample) });
  assert.is(saved.state === 'complete' || saved.state === 'remote_busy', true, saved.state);
  await waitFor(() => busy === 0, { what: 'the kept connection to be closed' });
});

test('after a restart a link that was used says so', async () => {
  for (const status of ['403 Forbidden', '404 Not Found', '410 Gone']) {
    const workDir = await freshDir();
    const path = `/restart-${status.slice(0, 3)}.zip`;
    let isUsed = false;
    const url = origin.serve(path, () => {
      if (isUsed) return response(`HTTP/1.1 ${status}`);
      isUsed = true;
      return response(`${TYPE}\r\nContent-Length: ${2 * MiB}`, bodyOf(MiB));
    });
    const before = await openWildKit();
    assert.is((await before.download(url, { workDir, engine: 'http' })).state, 'size_mismatch');
    const after = await openWildKit();
    assert.is((await after.download(url, { workDir })).state, 'remote_link_used');
    await before.close();
    await after.close();
  }
  // Picked from a list before, and begun now: 404 says as little as it does of an entry of a feed.
  const title = 'Export';
  for (const [status, state] of [
    ['410 Gone', 'remote_link_used'],
    ['403 Forbidden', 'remote_link_used'],
    ['404 Not Found', 'remote_not_found'],
    ['401 Unauthorized', 'remote_denied'],
  ] as const) {
    const url = origin.serve('/gone.zip', response(`HTTP/1.1 ${status}`));
    assert.is((await kit.download(url, { engine: 'http', title })).state, state);
  }
});

test.after(() => kit.close());

test.run();
