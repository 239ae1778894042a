/** A person or a cleaner removes the work dir while it downloads: it begins anew, and says so. */
import { readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { type Site, startSite } from '../site/site.ts';
import { sha256File } from '../support/media-hash.ts';
import { startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 * 1024;
const SIZE = 12 * MIB;
let site: Site;
let slowHls: Server;
test.before(async () => {
  site = await startSite();
  slowHls = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    const answer = async (): Promise<void> => {
      const body = await readFile(join((await mediaDir()) ?? '', 'ts', name));
      // Each fragment takes longer than two checks of the work dir.
      setTimeout(() => response.end(body), name.endsWith('.ts') ? 5_000 : 0);
    };
    answer().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => slowHls.listen(0, '127.0.0.1', resolve));
});
test.after(async () => {
  slowHls.closeAllConnections();
  slowHls.close();
  await site.close();
});

const hlsUrl = (): string => `http://127.0.0.1:${(slowHls.address() as AddressInfo).port}/high.m3u8`;

for (const [what, engine, missing, url, seed] of [
  ['http', 'http', null, () => `${site.url}/file/h.bin?size=${SIZE}&seed=81&rate=${MIB}`, 81],
  ['HLS', 'http', mediaMissing, hlsUrl, null],
  [
    'yt-dlp',
    'yt-dlp',
    ytDlpMissing(),
    () => `${site.url}/file/y.mp4?size=${SIZE}&seed=82&rate=${MIB}&type=video/mp4`,
    82,
  ],
] as const) {
  testUnless(
    test,
    missing,
    `${what}: with its work dir removed a download begins anew, and says so`,
    async () => {
      const server = await startServer({ env: { SLUICE_ENGINES: engine } });
      const { downloadDir } = server.place;
      try {
        const api = await server.session();
        const id = await api.add({ url: url(), engine });
        const running = await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > 0);
        rmSync(join(downloadDir, '.sluice', id), { recursive: true });
        const row = await api.waitFor(id, 'waiting');
        assert.is(row.error?.code, 'work_removed');
        assert.is(row.error?.message, 'The bytes fetched so far were removed: the download begins anew.');
        if (seed !== null)
          assert.ok(
            row.receivedBytes < SIZE / 2 + running.receivedBytes,
            `noticed after ${row.receivedBytes}`,
          );
        const again = await api.waitUntil(id, 'the next attempt', ({ state }) => state === 'download');
        assert.is(again.attempt, 2);
        const done = await api.waitFor(id, 'complete');
        if (seed !== null)
          assert.is(await sha256File(join(downloadDir, done.file?.name ?? '')), sha256Of(seed, SIZE));
      } finally {
        await server.stop();
      }
    },
  );
}

test('with the whole .sluice removed it begins anew, and the folder is marked again', async () => {
  const server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
  const { downloadDir } = server.place;
  try {
    const api = await server.session();
    const id = await api.add({
      url: `${site.url}/file/w.bin?size=${SIZE}&seed=83&rate=${2 * MIB}`,
      engine: 'http',
    });
    await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
    rmSync(join(downloadDir, '.sluice'), { recursive: true });
    assert.is((await api.waitFor(id, 'waiting')).error?.code, 'work_removed');
    await api.waitFor(id, 'complete');
    assert.ok(readdirSync(join(downloadDir, '.sluice')).includes('root.json'));
  } finally {
    await server.stop();
  }
});

test('with only its files removed it begins anew too', async () => {
  const server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
  const { downloadDir } = server.place;
  try {
    const api = await server.session();
    const id = await api.add({
      url: `${site.url}/file/f.bin?size=${SIZE}&seed=84&rate=${2 * MIB}`,
      engine: 'http',
    });
    await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
    const dir = join(downloadDir, '.sluice', id);
    for (const name of readdirSync(dir)) if (name !== 'owner.json') rmSync(join(dir, name));
    const done = await api.waitFor(id, 'complete');
    assert.is(await sha256File(join(downloadDir, done.file?.name ?? '')), sha256Of(84, SIZE));
  } finally {
    await server.stop();
  }
});

test.run();
