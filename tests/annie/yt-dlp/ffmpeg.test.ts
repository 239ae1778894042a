/** yt-dlp with ffmpeg: media are joined, and files that name local files are refused. */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { locateInstalled } from '#lib/annie/yt-dlp/locate.server.ts';
import { mediaDir, mediaMissing } from '../../site/media.ts';
import { picturesHash } from '../../support/media-hash.ts';
import { testUnless } from '../../support/skip.ts';
import { toolPath } from '../../support/tools.ts';
import { settles } from '../../support/wait.ts';
import { hostileForms, manifestWith } from '../ffmpeg/hostile.ts';
import { dataDir, deadline, never, reason as noYtDlp, withEngine } from './fixture.ts';
import { rejectionOf } from './rejection.ts';
import { withoutCrypto } from './without-crypto.ts';

const reason = noYtDlp ?? mediaMissing;
const clip = async (): Promise<string> => picturesHash(join((await mediaDir()) ?? '', 'clip.mp4'));

async function secretIn(dir: string): Promise<{ mp4: string; ts: string }> {
  const secret = { mp4: join(dir, 'other.mp4'), ts: join(dir, 'other.ts') };
  await copyFile(join((await mediaDir()) ?? '', 'clip.mp4'), secret.mp4);
  await copyFile(join((await mediaDir()) ?? '', 'ts/high000.ts'), secret.ts);
  return secret;
}

testUnless(test, reason, 'a stream that yt-dlp leaves to ffmpeg is fetched through the guard', () =>
  withEngine(async ({ site, make, job, received, dir }) => {
    const proxy = await startProxy({ guard: createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1') }) });
    try {
      // Encrypted, so that yt-dlp without pycryptodomex leaves it to ffmpeg.
      const engine = make({ ...(await withoutCrypto(dir)), proxy });
      const result = await settles(engine.download(job(`${site.url}/media/aes/index.m3u8`)), deadline);
      assert.match(received.output, 'delegated to ffmpeg');
      assert.is(await picturesHash(result.path), await clip());
    } finally {
      await proxy.close();
    }
  }),
);

testUnless(
  test,
  reason,
  'a stream left to ffmpeg that names a local file is not_media, and not transient',
  () =>
    withEngine(async ({ site, make, job, received, dir }) => {
      const engine = make(await withoutCrypto(dir));
      const { ts } = await secretIn(dir);
      const key = `${site.url}/media/aes/key.bin`;
      for (const part of [`file://${ts}`, ts]) {
        const body =
          `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-KEY:METHOD=AES-128,URI="${key}"\n` +
          `#EXTINF:1,\n${part.startsWith('/') ? `file:${part}` : part}\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\nfile://${ts}\n#EXT-X-ENDLIST\n`;
        const type = 'application/vnd.apple.mpegurl';
        const url = `${site.url}/text?type=${type}&body=${encodeURIComponent(body)}`;
        const error = await rejectionOf(settles(engine.download(job(url)), deadline));
        assert.match(received.output, 'delegated to ffmpeg');
        assert.is(error.code, 'not_media', error.message);
        assert.not(error.transient);
        assert.not.match(received.output, '640x360');
      }
    }),
);

testUnless(test, reason, 'after a listing not_media is final too: the page is not opened again', () =>
  withEngine(async ({ site, engine, job, dir }) => {
    const url = manifestWith(site.url, hostileForms(await secretIn(dir)).mpd);
    const { items } = await settles(engine.parse({ url, signal: never }), deadline);
    const before = site.asked.length;
    const error = await rejectionOf(settles(engine.download(job(items[0]!.url)), deadline));
    assert.is(error.code, 'not_media', error.message);
    const asked = site.asked.slice(before).map((each) => each.url.slice(0, 30));
    assert.not(
      asked.some((address) => address.includes('application')),
      asked.join(),
    );
  }),
);

testUnless(test, reason, 'a yt-dlp on PATH is given our ffmpeg wrapper too, for every start', () =>
  withEngine(async ({ site, make, job, dir, clearWork }) => {
    const bin = join(dir, 'bin');
    // Where it may write.
    const log = join(job('').workDir, 'log');
    await mkdir(bin);
    const [python = ''] = locateInstalled(dataDir ?? '')?.command ?? [];
    await writeFile(join(bin, 'yt-dlp'), `#!${python} -I\nimport yt_dlp\nyt_dlp.main()\n`, {
      mode: 0o755,
    });
    // The first on PATH after our wrapper, in place of the system's.
    const real = toolPath('ffmpeg') ?? '';
    for (const name of ['ffmpeg', 'ffprobe']) {
      const script = `#!/bin/sh\nprintf '${name} %s\\n' "$*" >>'${log}'\nexec '${join(real, '..', name)}' "$@"\n`;
      await writeFile(join(bin, name), script, { mode: 0o755 });
    }
    const path = `${bin}:${process.env['PATH']}`;
    const engine = make({ dataDir: dir, path, ffmpegPath: join(bin, 'ffmpeg') });
    const status = await engine.status();
    assert.is(status.state === 'ready' && status.path, join(bin, 'yt-dlp'));
    const joined = await settles(engine.download(job(`${site.url}/media/dash/index.mpd`)), deadline);
    assert.is(await picturesHash(joined.path), await clip());
    const starts = (await readFile(log, 'utf8')).trim().split('\n');
    const inputs = starts.filter((line) => / file:/.test(line));
    assert.ok(inputs.length > 0);
    for (const line of inputs)
      assert.is(line.match(/ -format_whitelist mov,/g)?.length, line.match(/ -i /g)?.length ?? 1, line);
    await clearWork();
    const url = manifestWith(site.url, hostileForms(await secretIn(dir)).mpd);
    const error = await rejectionOf(settles(engine.download(job(url)), deadline));
    assert.is(error.code, 'not_media', error.message);
    const left = await readdir(job('').workDir);
    assert.not(
      left.some((name) => name.includes('.temp.')),
      left.join(),
    );
  }),
);

test.run();
