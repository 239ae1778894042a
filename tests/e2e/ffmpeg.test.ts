/** An untrusted video may be a playlist that names local files: ffmpeg must not open them. */
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostileForms, manifestWith } from '../annie/ffmpeg/hostile.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { type Site, startSite } from '../site/site.ts';
import { picturesHash, streamKinds } from '../support/media-hash.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const reason = ytDlpMissing() ?? mediaMissing;
let site: Site;
let server: TestServer;
/** Somebody else's finished files. */
let secret: { mp4: string; ts: string };

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  server = await startServer();
  const media = (await mediaDir()) ?? '';
  secret = {
    mp4: join(server.place.downloadDir, 'other.mp4'),
    ts: join(server.place.downloadDir, 'other.ts'),
  };
  copyFileSync(join(media, 'clip.mp4'), secret.mp4);
  copyFileSync(join(media, 'ts/high000.ts'), secret.ts);
});
test.after(async () => {
  if (reason !== null) return;
  await server.stop();
  await site.close();
});

for (const form of ['m3u8', 'mpd', 'ffconcat'] as const) {
  testUnless(
    test,
    reason,
    `a "video" that is really ${form} does not bring somebody else's file`,
    async () => {
      const api = await server.session();
      const url = manifestWith(site.url, hostileForms(secret)[form]);
      const row = await api.waitUntil(await api.add({ url, engine: 'yt-dlp' }), 'the end', ({ state }) =>
        ['complete', 'error', 'waiting'].includes(state),
      );
      const leaked = row.file && (await streamKinds(join(server.place.downloadDir, row.file.name)));
      assert.is(row.state, 'error', `${row.error?.code ?? ''} ${JSON.stringify(leaked)}`);
      assert.is(row.error?.code, 'not_media', row.error?.message);
      assert.is(row.attempt, 1);
      const { downloadDir } = server.place;
      const left = readdirSync(downloadDir).filter((name) => name !== '.sluice');
      assert.equal(left.sort(), ['other.mp4', 'other.ts']);
      // The fetched bytes are kept for a retry; there is no output of ffmpeg.
      const kept = readdirSync(join(downloadDir, '.sluice'), { recursive: true, encoding: 'utf8' });
      assert.equal(
        kept.filter((name) => name.includes('.temp.')),
        [],
      );
    },
  );
}

testUnless(test, reason, 'the same manifest with a real video is merged', async () => {
  const api = await server.session();
  const id = await api.add({ url: `${site.url}/media/dash/index.mpd`, engine: 'yt-dlp' });
  const row = await api.waitFor(id, 'complete');
  assert.is(
    await picturesHash(join(server.place.downloadDir, row.file?.name ?? '')),
    await picturesHash(secret.mp4),
  );
});

test.run();
