/** What a stranger calls a video may be a script that names files of this machine: ffmpeg must not follow it. */
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostileForms } from '../annie/ffmpeg/hostile.ts';
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

/** The address of a DASH manifest with `video` as its picture, and real sound beside it. */
function manifestWith(video: string): string {
  const at = (path: string, type: string, body: string): string =>
    `${site.url}${path}?type=${encodeURIComponent(type)}&body=${encodeURIComponent(body)}`;
  const track = (kind: string, codecs: string, url: string): string =>
    `<AdaptationSet contentType="${kind}" mimeType="${kind}/mp4"><Representation id="${kind}" bandwidth="9000" ` +
    `codecs="${codecs}"><BaseURL>${url.replaceAll('&', '&amp;')}</BaseURL></Representation></AdaptationSet>`;
  const tracks =
    track('video', 'avc1.4d401e', at('/text', 'video/mp4', video)) +
    track('audio', 'mp4a.40.2', `${site.url}/media/clip.mp4`);
  const mpd =
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" ' +
    `profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>${tracks}</Period></MPD>`;
  return at('/text', 'application/dash+xml', mpd);
}

for (const form of ['m3u8', 'mpd', 'ffconcat'] as const) {
  testUnless(
    test,
    reason,
    `a "video" that is really ${form} does not bring somebody else's file`,
    async () => {
      const api = await server.session();
      const before = readdirSync(server.place.downloadDir).sort();
      const url = manifestWith(hostileForms(secret)[form]);
      const row = await api.waitUntil(await api.add({ url, engine: 'yt-dlp' }), 'the end', ({ state }) =>
        ['complete', 'error', 'waiting'].includes(state),
      );
      const leaked = row.file && (await streamKinds(join(server.place.downloadDir, row.file.name)));
      assert.is(row.state, 'error', `${row.error?.code ?? ''} ${JSON.stringify(leaked)}`);
      assert.is(row.error?.code, 'not_media', row.error?.message);
      assert.is(row.attempt, 1);
      assert.equal(readdirSync(server.place.downloadDir).sort(), before);
    },
  );
}

testUnless(test, reason, 'the same manifest with a real video is joined', async () => {
  const api = await server.session();
  const id = await api.add({ url: `${site.url}/media/dash/index.mpd`, engine: 'yt-dlp' });
  const row = await api.waitFor(id, 'complete');
  assert.is(
    await picturesHash(join(server.place.downloadDir, row.file?.name ?? '')),
    await picturesHash(secret.mp4),
  );
});

test.run();
