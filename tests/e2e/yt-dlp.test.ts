import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { sha256Of } from '../site/content.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { type Site, startSite } from '../site/site.ts';
import { sluice } from '../support/cli.ts';
import { picturesHash, sha256File, streamKinds } from '../support/media-hash.ts';
import { processesOf } from '../support/processes.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 * 1024;
const reason = ytDlpMissing() ?? mediaMissing;
let site: Site;
let server: TestServer;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  server = await startServer();
});
test.after(async () => {
  if (reason !== null) return;
  await server.stop();
  await site.close();
});

const reference = async (name: string): Promise<string> => join((await mediaDir()) ?? '', name);
const leftovers = (dir: string): string[] => readdirSync(dir).filter((name) => name !== '.sluice');

testUnless(test, reason, 'GET /api/engines has yt-dlp with its version', async () => {
  const api = await server.session();
  const { engines } = await api.expect<{ engines: { engine: string; state: string; version: string }[] }>(
    200,
    'GET',
    '/api/engines',
  );
  const found = engines.find(({ engine }) => engine === 'yt-dlp');
  assert.is(found?.state, 'ready');
  assert.match(found?.version ?? '', /^\d{4}\.\d\d\.\d\d/);
});

testUnless(
  test,
  reason,
  'a page with real yt-dlp: parsed, picked, downloaded with the right hash',
  async () => {
    const api = await server.session();
    const { engine, items } = await api.parse(`${site.url}/page/og`, 'yt-dlp');
    assert.is(engine, 'yt-dlp');
    const [item] = items;
    const stream = item?.streams[0];
    assert.ok(item && stream);
    const id = await api.add({ url: item.url, streamId: stream.id, engine });
    const row = await api.waitFor(id, 'complete');
    assert.is(row.engine, 'yt-dlp');
    assert.is(await sha256File(join(server.place.downloadDir, row.file?.name ?? '')), sha256Of(31, 100_000));
  },
);

testUnless(
  test,
  reason,
  'DASH with separate audio is merged into one file with the same pictures',
  async () => {
    const api = await server.session();
    const id = await api.add({ url: `${site.url}/media/dash/index.mpd` });
    const row = await api.waitFor(id, 'complete');
    assert.is(row.engine, 'yt-dlp');
    const path = join(server.place.downloadDir, row.file?.name ?? '');
    assert.is(await picturesHash(path), await picturesHash(await reference('clip.mp4')));
    assert.equal(await streamKinds(path), ['audio', 'video']);
  },
);

testUnless(test, reason, 'yt-dlp shows progress, and cancel leaves no process and no file', async () => {
  const place = makePlace();
  const own = await startServer({ place });
  try {
    const api = await own.session();
    const url = `${site.url}/file/long.mp4?size=${200 * MIB}&seed=3&rate=${2 * MIB}&type=video/mp4`;
    const id = await api.add({ url, engine: 'yt-dlp' });
    const seen = new Set<number>();
    await api.waitUntil(id, 'ten different sizes', ({ receivedBytes, totalBytes, state }) => {
      if (state === 'download' && totalBytes === 200 * MIB) seen.add(receivedBytes);
      return seen.size >= 10;
    });
    const engines = (): string[] => processesOf(join(place.downloadDir, '.sluice', id));
    assert.ok(engines().length > 0, 'an engine works in the work dir');
    await api.act(id, 'cancel');
    await api.waitFor(id, 'cancelled');
    await waitFor(() => engines().length === 0, { what: 'the engine to be gone' });
    assert.equal(leftovers(place.downloadDir), []);
  } finally {
    await own.stop();
    place.remove();
  }
});

testUnless(test, reason, 'resume continues from the part file', async () => {
  const api = await server.session();
  const url = `${site.url}/file/part.mp4?size=${24 * MIB}&seed=33&rate=${4 * MIB}&type=video/mp4`;
  const id = await api.add({ url, engine: 'yt-dlp' });
  await api.waitUntil(id, '6 MiB', ({ receivedBytes }) => receivedBytes > 6 * MIB);
  await api.act(id, 'pause');
  const paused = await api.waitFor(id, 'paused');
  assert.ok(paused.receivedBytes > 6 * MIB);
  site.unthrottle('/file/part.mp4');
  const before = site.asked.length;
  await api.act(id, 'resume');
  const row = await api.waitFor(id, 'complete');
  assert.is(await sha256File(join(server.place.downloadDir, row.file?.name ?? '')), sha256Of(33, 24 * MIB));
  const starts = site.asked.slice(before).map(({ range }) => Number(/bytes=(\d+)/.exec(range ?? '')?.[1]));
  assert.ok(starts.some((start) => start > MIB));
});

testUnless(test, reason, 'a page that yt-dlp cannot find is an error with a code and a message', async () => {
  const api = await server.session();
  const row = await api.waitFor(await api.add({ url: `${site.url}/nowhere`, engine: 'yt-dlp' }), 'error');
  assert.is(row.error?.code, 'remote_not_found');
  assert.not.match(row.error?.message ?? '', server.place.dir);
});

testUnless(test, reason, 'yt-dlp is kept from private addresses, redirects included', async () => {
  const api = await server.session();
  const to = encodeURIComponent('http://127.0.0.2:9/secret.mp4');
  const url = `${site.url}/redirect?to=${to}`;
  const row = await api.waitFor(await api.add({ url, engine: 'yt-dlp' }), 'error');
  assert.is(row.error?.code, 'address_refused');
});

testUnless(test, reason, '`sluice get` fetches DASH through yt-dlp without a server', async () => {
  const place = makePlace();
  try {
    const url = `${site.url}/media/dash/index.mpd`;
    const { code, lines, stderr } = await sluice(['get', url, '--engine', 'yt-dlp', '--json'], {
      place,
    });
    assert.is(code, 0, stderr);
    const name = lines<DownloadView>().at(-1)?.file?.name ?? '';
    const path = join(place.downloadDir, name);
    assert.is(await picturesHash(path), await picturesHash(await reference('clip.mp4')));
    assert.equal(processesOf(place.dir), []);
  } finally {
    place.remove();
  }
});

test.run();
