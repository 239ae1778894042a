/** Servers that send the rest of a file as if it were the whole: a complete download must have every byte. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadState } from '#lib/annie/http/file/saved-state.server.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { sha256Of } from '../site/content.ts';
import {
  honest,
  type OddAnswer,
  type OddFile,
  type OddOrigin,
  startOddOrigin,
  whole,
} from '../site/odd-origin.ts';
import { sha256File } from '../support/media-hash.ts';
import { makePlace, type Place, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
const HELD_AT = Math.round(3.1 * MIB);
const file: OddFile = { seed: 51, size: 8 * MIB, etag: '"v1"' };

let origin: OddOrigin;
test.before(async () => {
  origin = await startOddOrigin();
});
test.after(() => origin.close());

/** 200 with the same ETag and the rest of the bytes. */
const rest = (from: number, contentRange: boolean): OddAnswer => ({
  status: 200,
  headers: {
    'content-type': 'video/mp4',
    etag: '"v1"',
    'content-length': file.size - from,
    ...(contentRange ? { 'content-range': `bytes ${from}-${file.size - 1}/${file.size}` } : {}),
  },
  body: { file, start: from, end: file.size },
});

interface Ended {
  row: DownloadView;
  hash: string | null;
  /** Bytes in the work dir that the next attempt trusts; null = there are none. */
  keptBytes: number | null;
  /** After an error, with a correct server: the hash, and the first requested bytes. */
  retried: { hash: string; from: (number | null)[] } | null;
}

/** The bytes of a partial file with one segment. */
async function keptIn(workDir: string, url: string): Promise<number | null> {
  return (await loadState(workDir, url))?.segments[0]?.[2] ?? null;
}

/** Stalls a download at 3.1 of 8 MiB, interrupts it, and returns how it ends when `then` answers. */
async function interrupted(
  by: 'pause' | 'kill -9',
  then: (from: number | null) => OddAnswer | null,
): Promise<Ended> {
  const place: Place = makePlace();
  const env = { SLUICE_ENGINES: 'http' };
  const url = `${origin.url}/clip.mp4`;
  const kept = (id: string): Promise<number | null> => keptIn(join(place.downloadDir, '.sluice', id), url);
  origin.answer = (request) => ({
    ...honest(file, request),
    stop: { after: HELD_AT - (request.from ?? 0), how: 'hold' },
  });
  let server = await startServer({ place, env });
  let api = await server.session();
  try {
    const id = await api.add({ url });
    await api.waitUntil(id, '3.1 MiB', ({ receivedBytes }) => receivedBytes === HELD_AT);
    if (by === 'pause') {
      await api.act(id, 'pause');
      await api.waitFor(id, 'paused');
    } else {
      // Bytes that are not written yet are fetched again.
      await waitFor(async () => (await kept(id)) === HELD_AT, { what: 'the bytes to be written' });
      await server.kill9();
    }
    origin.answer = (request) => then(request.from) ?? honest(file, request);
    if (by === 'pause') {
      await api.act(id, 'resume');
    } else {
      server = await startServer({ place, env });
      api = api.at(server.url);
    }
    const row = await api.waitFor(id, 'complete', 'error');
    const name = row.file?.name;
    const hash = name === undefined ? null : await sha256File(join(place.downloadDir, name));
    const keptBytes = await kept(id);
    if (row.state === 'complete') return { row, hash, keptBytes, retried: null };
    const before = origin.asked.length;
    origin.answer = (request) => honest(file, request);
    await api.act(id, 'retry');
    const again = await api.waitFor(id, 'complete');
    const path = join(place.downloadDir, again.file?.name ?? '');
    const from = origin.asked.slice(before).map((request) => request.from);
    return { row, hash, keptBytes, retried: { hash: await sha256File(path), from } };
  } finally {
    await server.stop();
    place.remove();
  }
}

for (const by of ['pause', 'kill -9'] as const) {
  for (const [what, contentRange] of [
    ['with the Content-Range of the rest', true],
    ['without Content-Range', false],
  ] as const) {
    test(`after ${by} a 200 with only the rest, ${what}, is never taken for the whole`, async () => {
      const { row, hash } = await interrupted(by, (from) => (from ? rest(from, contentRange) : null));
      assert.is(row.state, 'complete', JSON.stringify(row.error));
      assert.is(row.file?.bytes, file.size);
      assert.is(hash, sha256Of(file.seed, file.size));
    });
  }

  test(`after ${by} a server that always sends only the rest is an error, and a retry goes on once it is correct`, async () => {
    const short = { ...whole(file), ...rest(HELD_AT, false) };
    const { row, hash, keptBytes, retried } = await interrupted(by, () => short);
    assert.is(row.state, 'error');
    assert.is(row.error?.code, 'remote_contradiction');
    assert.is(hash, null);
    assert.is(keptBytes, HELD_AT);
    assert.is(retried?.hash, sha256Of(file.seed, file.size));
    assert.ok(retried?.from.includes(HELD_AT), 'retry goes on from the bytes that were kept');
  });
}

test.run();
