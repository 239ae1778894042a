import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { type Site, startSite } from '../site/site.ts';
import { sha256File } from '../support/media-hash.ts';
import { processesOf } from '../support/processes.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 * 1024;
let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

/** Kills the server while `engine` fetches a file of 24 MiB at 4 MiB/s, restarts it, and waits for the file. */
async function surviveKill(engine: 'http' | 'yt-dlp'): Promise<void> {
  const env = { SLUICE_ENGINES: engine };
  const place = makePlace();
  const first = await startServer({ place, env });
  const url = `${site.url}/file/${engine}.mp4?size=${24 * MIB}&seed=91&rate=${4 * MIB}&type=video/mp4`;
  const api = await first.session();
  const id = await api.add({ url, engine });
  await api.waitUntil(id, '6 MiB', ({ receivedBytes }) => receivedBytes > 6 * MIB);
  await first.kill9();
  await waitFor(() => processesOf(place.dir).length === 0, {
    what: `no process of the dead server to be left (${processesOf(place.dir).join('; ')})`,
  });

  site.unthrottle(`/file/${engine}.mp4`);
  const before = site.asked.length;
  const second = await startServer({ place, env });
  try {
    const row = await api.at(second.url).waitFor(id, 'complete');
    assert.is(await sha256File(join(place.downloadDir, row.file?.name ?? '')), sha256Of(91, 24 * MIB));
    assert.equal(
      readdirSync(place.downloadDir).filter((name) => name !== '.sluice'),
      [row.file?.name],
    );
    const starts = site.asked.slice(before).map(({ range }) => Number(/bytes=(\d+)/.exec(range ?? '')?.[1]));
    assert.ok(
      starts.some((start) => start > MIB),
      'it goes on from the bytes on the disk',
    );
  } finally {
    await second.stop();
    place.remove();
  }
}

test('after kill -9 during a direct download the next start finishes it', () => surviveKill('http'));

testUnless(
  test,
  ytDlpMissing(),
  'after kill -9 during a yt-dlp download no engine is left, and the next start finishes it',
  () => surviveKill('yt-dlp'),
);

test('after kill -9 paused stays paused, complete stays complete, queued goes on', async () => {
  const place = makePlace();
  const env = { SLUICE_ENGINES: 'http', SLUICE_MAX_ACTIVE_PER_SESSION: '1' };
  const first = await startServer({ place, env });
  const api = await first.session();
  const slow = (name: string, seed: number): string =>
    `${site.url}/file/${name}?size=${8 * MIB}&seed=${seed}&rate=${4 * MIB}`;
  const done = await api.waitFor(await api.add({ url: `${site.url}/file/done.bin?seed=4` }), 'complete');
  const paused = await api.add({ url: slow('paused.bin', 92) });
  await api.waitUntil(paused, 'a byte', ({ receivedBytes }) => receivedBytes > 0);
  await api.act(paused, 'pause');
  const { receivedBytes } = await api.waitFor(paused, 'paused');
  const running = await api.add({ url: slow('running.bin', 93) });
  const queued = await api.add({ url: slow('queued.bin', 94) });
  await api.waitUntil(running, 'a byte', (row) => row.receivedBytes > 0);
  await first.kill9();

  const second = await startServer({ place, env });
  try {
    const after = api.at(second.url);
    assert.equal(await after.get(done.id), done);
    const still = await after.get(paused);
    assert.is(still.state, 'paused');
    assert.is(still.receivedBytes, receivedBytes);
    for (const name of ['running', 'queued']) site.unthrottle(`/file/${name}.bin`);
    for (const [id, name, seed] of [
      [running, 'running.bin', 93],
      [queued, 'queued.bin', 94],
    ] as const) {
      await after.waitFor(id, 'complete');
      assert.is(await sha256File(join(place.downloadDir, name)), sha256Of(seed, 8 * MIB));
    }
    assert.is((await after.get(paused)).state, 'paused');
  } finally {
    assert.is(await second.stop(), 0);
    place.remove();
  }
});

test('a second server on the same data dir exits with an error', async () => {
  const first = await startServer();
  let message = '';
  try {
    await startServer({ place: first.place }).then((second) => second.stop());
  } catch (thrown) {
    message = String(thrown);
  } finally {
    await first.stop();
  }
  assert.match(message, /the server ended with [1-9]/);
  assert.match(message, first.place.dataDir);
});

test.run();
