/** Downloads with an expected SHA-256, with the built product and a real origin. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import type { Problem } from '#lib/protocol/problem.ts';
import { sha256Of } from '../site/content.ts';
import { type Site, startSite } from '../site/site.ts';
import { sluice } from '../support/cli.ts';
import { sha256File } from '../support/media-hash.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 * 1024;
const env = { SLUICE_ENGINES: 'http' };
const other = 'ab'.repeat(32);
let site: Site;
let place: Place;

test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());
test.before.each(() => {
  place = makePlace();
});
test.after.each(() => {
  place.remove();
});

const files = (): string[] => readdirSync(place.downloadDir).filter((name) => name !== '.sluice');
const works = (): string[] => {
  try {
    // The mark of the folder and the note of the store are beside them.
    return readdirSync(join(place.downloadDir, '.sluice')).filter((name) => !name.endsWith('.json'));
  } catch {
    return [];
  }
};

test('get --sha256 keeps a file with this hash, given in upper or lower case', async () => {
  const size = 8 * MIB;
  const url = `${site.url}/file/right.bin?size=${size}&seed=21`;
  const args = ['get', url, '--sha256', sha256Of(21, size).toUpperCase(), '--json'];
  const { code, lines, stderr } = await sluice(args, { place, env });
  assert.is(code, 0, stderr);
  assert.is(stderr, '');
  const row = lines<DownloadView>().at(-1);
  assert.is(row?.state, 'complete');
  assert.is(row?.sha256, sha256Of(21, size));
  assert.is(await sha256File(join(place.downloadDir, 'right.bin')), sha256Of(21, size));
});

test('get --sha256 with another hash exits 1, prints both hashes to stderr, and leaves no file', async () => {
  const url = `${site.url}/file/wrong.bin?size=70000&seed=22`;
  const { code, lines, stderr } = await sluice(['get', url, '--sha256', other, '--json'], { place, env });
  assert.is(code, 1);
  const row = lines<DownloadView>().at(-1);
  assert.equal([row?.state, row?.error?.code, row?.attempt], ['error', 'checksum_mismatch', 1]);
  for (const part of [other, sha256Of(22, 70_000), 'checksum_mismatch']) assert.match(stderr, part);
  assert.equal(files(), []);
  assert.equal(works(), []);
});

test('get --sha256 with a server: the server checks', async () => {
  const server = await startServer({ place, env });
  try {
    const url = `${site.url}/file/there.bin?size=70000&seed=23`;
    const get = (hex: string) =>
      sluice(['get', url, '--sha256', hex, '--server', server.url, '--json'], { place, env });
    const right = await get(sha256Of(23, 70_000));
    assert.is(right.code, 0, right.stderr);
    const wrong = await get(other);
    assert.is(wrong.code, 1);
    assert.match(wrong.stderr, 'checksum_mismatch');
    assert.equal(files(), ['there.bin']);
  } finally {
    await server.stop();
  }
});

for (const [what, args] of [
  ['something that is no SHA-256', ['http://127.0.0.1/x', '--sha256', 'd41d8cd98f00b204e9800998ecf8427e']],
  ['two addresses', ['http://127.0.0.1/x', 'http://127.0.0.1/y', '--sha256', other]],
  ['no value', ['http://127.0.0.1/x', '--sha256']],
] as const) {
  test(`get --sha256 with ${what} is a usage error: exit code 2, on stderr`, async () => {
    const { code, stdout, stderr } = await sluice(['get', ...args], { place, env });
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(stderr, 'sha256');
  });
}

test('get --sha256 of a page with several files fetches none of them', async () => {
  const args = ['get', `${site.url}/page/three`, '--sha256', other, '--json'];
  const { code, stdout, stderr } = await sluice(args, { place, env });
  assert.is(code, 1);
  assert.is(stdout, '');
  assert.match(stderr, /3 files.*--stream/);
  assert.equal(files(), []);
});

test('over HTTP: the file of a mismatch is not served, and a retry downloads it again', async () => {
  const server = await startServer({ place, env });
  try {
    const api = await server.session();
    const refused = await api.call<Problem>('POST', '/api/downloads', { url: site.url, sha256: 'short' });
    assert.equal([refused.status, refused.body.code], [400, 'invalid_sha256']);
    const size = 2 * MIB;
    const url = `${site.url}/file/twice.bin?size=${size}&seed=24`;
    const id = await api.add({ url, sha256: other });
    const wrong = await api.waitFor(id, 'error');
    assert.is(wrong.error?.code, 'checksum_mismatch');
    assert.is(wrong.sha256, other);
    assert.is(wrong.file, null);
    assert.is((await api.call('GET', `/api/downloads/${id}/file`)).status, 409);
    const before = site.asked.length;
    await api.act(id, 'retry');
    const again = await api.waitFor(id, 'error');
    assert.is(again.attempt, 2);
    const starts = site.asked.slice(before).map(({ range }) => range);
    assert.ok(starts.includes('bytes=0-'), starts.join());
    assert.equal(files(), []);
  } finally {
    await server.stop();
  }
});

testUnless(test, ytDlpMissing(), 'files of yt-dlp are checked in the same way', async () => {
  const size = 300_000;
  const url = `${site.url}/file/clip.mp4?size=${size}&seed=25&type=video/mp4`;
  const get = (hex: string) => {
    const args = ['get', url, '--engine', 'yt-dlp', '--sha256', hex, '--json'];
    return sluice(args, { place, env: { SLUICE_ENGINES: 'yt-dlp' } });
  };
  const wrong = await get(other);
  assert.is(wrong.code, 1);
  assert.match(wrong.stderr, sha256Of(25, size));
  assert.equal(files(), []);
  const right = await get(sha256Of(25, size));
  assert.is(right.code, 0, right.stderr);
  const row = right.lines<DownloadView>().at(-1);
  assert.equal([row?.engine, row?.state], ['yt-dlp', 'complete']);
});

/** An origin that cannot resume and counts requests: the file must be downloaded only once. */
async function zeros(
  bytes: number,
): Promise<{ url: string; sha256: string; bodies: () => number; close: () => void }> {
  const piece = Buffer.alloc(MIB);
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += MIB) hash.update(piece);
  let bodies = 0;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-length': bytes, 'content-type': 'application/octet-stream' });
    if (request.method === 'HEAD') return void response.end();
    bodies++;
    let left = bytes;
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= MIB;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/zeros.bin`,
    sha256: hash.digest('hex'),
    bodies: () => bodies,
    close: () => void server.close().closeAllConnections(),
  };
}

const BIG = 512 * MIB;

/** Starts a server with a download that is being hashed. */
async function hashing(origin: { url: string; sha256: string }) {
  const server: TestServer = await startServer({ place, env });
  const api = await server.session();
  const id = await api.add(origin);
  await waitFor(async () => (await api.get(id)).state === 'finish', {
    what: 'the hashing to begin',
    deadlineMs: 120_000,
  });
  return { server, api, id };
}

test('after kill -9 during hashing the next start hashes again without downloading again', async () => {
  const origin = await zeros(BIG);
  try {
    const first = await hashing(origin);
    await first.server.kill9();
    assert.equal(files(), []);
    const bodies = origin.bodies();
    const second = await startServer({ place, env });
    try {
      const row = await first.api.at(second.url).waitFor(first.id, 'complete');
      assert.equal(row.file, { name: 'zeros.bin', bytes: BIG });
      assert.equal(files(), ['zeros.bin']);
      assert.is(origin.bodies(), bodies);
    } finally {
      await second.stop();
    }
  } finally {
    origin.close();
  }
});

test('a download can be paused, resumed and cancelled while it is hashed', async () => {
  const origin = await zeros(BIG);
  try {
    const { server, api, id } = await hashing(origin);
    try {
      await api.act(id, 'pause');
      assert.equal(files(), []);
      await api.act(id, 'resume');
      await api.waitUntil(id, 'the hashing to go on', ({ state }) => state === 'finish');
      await api.act(id, 'cancel');
      await waitFor(() => works().length === 0, { what: 'its bytes to be gone' });
      assert.is((await api.get(id)).state, 'cancelled');
      assert.equal(files(), []);
    } finally {
      await server.stop();
    }
  } finally {
    origin.close();
  }
});

test.run();
