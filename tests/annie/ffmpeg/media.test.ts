import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mediaMissing } from '../../site/media.ts';
import { startSite } from '../../site/site.ts';
import { picturesHash, streamKinds } from '../../support/media-hash.ts';
import { testUnless } from '../../support/skip.ts';
import { type FfmpegFixture, merge, withFfmpeg } from './fixture.ts';

const it = (name: string, body: (fixture: FfmpegFixture) => Promise<void>): void => {
  testUnless(test, mediaMissing, name, () => withFfmpeg(body));
};

/** Asserts exit code 0, with the output as the message. */
async function well(ran: ReturnType<FfmpegFixture['ffmpeg']>): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await ran;
  assert.is(code, 0, stderr.slice(-1000));
  return { stdout, stderr };
}

it('video and audio are joined as without the wrapper', async ({ workDir, realFfmpeg, ffmpeg }) => {
  await well(ffmpeg(...merge('video.mp4', 'sound.m4a'), 'file:joined.mp4'));
  await well(realFfmpeg(...merge('video.mp4', 'sound.m4a'), 'file:bare.mp4'));
  assert.equal(await readFile(join(workDir, 'joined.mp4')), await readFile(join(workDir, 'bare.mp4')));
});

/** Created by the real ffmpeg from the clip, and read through the wrapper. */
const FORMATS: Record<string, string[]> = {
  'a.mkv': ['-c', 'copy'],
  'a.mov': ['-c', 'copy'],
  'a.flv': ['-c', 'copy'],
  'a.ts': ['-c', 'copy'],
  'a.3gp': ['-an', '-c', 'copy'],
  'a.mpg': ['-c:v', 'mpeg1video', '-c:a', 'mp2'],
  'a.avi': ['-c:v', 'mpeg4', '-c:a', 'mp2'],
  'a.wmv': ['-c:v', 'wmv2', '-c:a', 'wmav2'],
  'a.ogv': ['-an', '-c:v', 'libtheora'],
  'vp8.webm': ['-an', '-c:v', 'libvpx', '-deadline', 'realtime', '-t', '0.2'],
  'vp9.webm': ['-an', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-t', '0.2'],
  'opus.webm': ['-vn', '-c:a', 'libopus'],
  'a.ivf': ['-an', '-c:v', 'libvpx', '-deadline', 'realtime', '-t', '0.2'],
  'a.h264': ['-an', '-c', 'copy'],
  'fragments.mp4': ['-c', 'copy', '-movflags', 'frag_keyframe+empty_moov'],
  'a.mp3': ['-vn'],
  'a.aac': ['-vn', '-c', 'copy'],
  'a.ac3': ['-vn'],
  'a.flac': ['-vn'],
  'a.ogg': ['-vn', '-c:a', 'libvorbis'],
  'a.opus': ['-vn', '-c:a', 'libopus'],
  'a.wav': ['-vn'],
  'a.aiff': ['-vn'],
  'a.caf': ['-vn'],
  'a.gif': ['-an', '-t', '0.2'],
  'alac.m4a': ['-vn', '-c:a', 'alac'],
};

it('ffmpeg and ffprobe read every format that engines use', async ({ realFfmpeg, ffmpeg, ffprobe }) => {
  // What takes the time is to create them.
  await well(realFfmpeg(...merge('video.mp4', 'sound.m4a'), '-t', '0.4', 'file:clip.mp4'));
  for (const [name, args] of Object.entries(FORMATS)) {
    await well(realFfmpeg('-i', 'clip.mp4', ...args, name));
    await well(ffmpeg('-v', 'error', '-i', `file:${name}`, '-map', '0', '-c', 'copy', '-f', 'null', '-'));
    const probe = ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', `file:${name}`];
    assert.match((await well(ffprobe(...probe))).stdout, /^(video|audio)/, name);
  }
});

it('WebM from VP9 and Opus is joined', async ({ workDir, realFfmpeg, ffmpeg }) => {
  await realFfmpeg('-i', 'video.mp4', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-t', '0.5', 'v.webm');
  await realFfmpeg('-i', 'sound.m4a', '-c:a', 'libopus', 'a.webm');
  await well(ffmpeg(...merge('v.webm', 'a.webm'), 'file:joined.webm'));
  assert.equal(await streamKinds(join(workDir, 'joined.webm')), ['audio', 'video']);
});

it('the parts of a concat list are joined in order, as written by lux, annie and yt-dlp', async (fixture) => {
  const { workDir, realFfmpeg, ffmpeg } = fixture;
  const list = [0, 1, 2].map((n) => `file 'part${n}.ts'\n`).join('');
  await writeFile(join(workDir, 'media.txt'), list);
  const join_ = ['-c', 'copy', '-bsf:a', 'aac_adtstoasc'];
  await well(realFfmpeg('-f', 'concat', '-safe', '0', '-i', 'media.txt', ...join_, 'bare.mp4'));
  for (const safe of ['0', '-1']) {
    await well(ffmpeg('-y', '-f', 'concat', '-safe', safe, '-i', 'media.txt', ...join_, 'media.mp4'));
    assert.is(await picturesHash(join(workDir, 'media.mp4')), await picturesHash(join(workDir, 'bare.mp4')));
  }
  const times = list.replace(/part1.ts'\n/, "part1.ts'\ninpoint 0.200000\noutpoint 0.600000\nduration 0.4\n");
  const spec = `ffconcat version 1.0\n${times.replaceAll("'part", "'file:part")}`;
  await writeFile(join(workDir, 'media.mp4.concat'), spec);
  const listed = ['-hide_banner', '-nostdin', '-f', 'concat', '-safe', '0', '-i', 'file:media.mp4.concat'];
  await well(ffmpeg(...listed, '-map', '0', '-dn', '-ignore_unknown', '-c', 'copy', 'file:cut.mp4'));
  await well(
    realFfmpeg(...listed.slice(2), '-map', '0', '-dn', '-ignore_unknown', '-c', 'copy', 'file:bare-cut.mp4'),
  );
  assert.is(await picturesHash(join(workDir, 'cut.mp4')), await picturesHash(join(workDir, 'bare-cut.mp4')));
});

it('a list of three hundred parts, with every byte in a name, is joined completely', async ({
  workDir,
  ffmpeg,
}) => {
  const name = `media[0] é漢字\u0081\u0088 "$(x)\` \\ *.ts`;
  await writeFile(join(workDir, name), await readFile(join(workDir, 'part0.ts')));
  await writeFile(join(workDir, 'media.txt'), `file '${name}'\n`.repeat(300));
  const args = ['-f', 'concat', '-safe', '0', '-i', 'media.txt', '-c', 'copy', '-f', 'framehash', '-'];
  const { stdout } = await well(ffmpeg(...args));
  const one = await well(ffmpeg('-i', 'part0.ts', '-c', 'copy', '-f', 'framehash', '-'));
  const frames = (text: string): number => text.split('\n').filter((line) => /^\d/.test(line)).length;
  assert.is(frames(stdout), 300 * frames(one.stdout));
});

it('subtitles are converted and embedded', async ({ workDir, realFfmpeg, ffmpeg }) => {
  await writeFile(join(workDir, 's.srt'), '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
  await realFfmpeg('-i', 's.srt', 's.vtt');
  await realFfmpeg('-i', 's.srt', 's.ass');
  await writeFile(join(workDir, 's.lrc'), '[00:00.00]Hello\n[00:01.00]there\n');
  for (const name of ['s.srt', 's.vtt', 's.ass', 's.lrc']) {
    const { stdout } = await well(ffmpeg('-y', '-i', `file:${name}`, '-f', 'srt', '-'));
    assert.match(stdout, 'Hello', name);
    const maps = ['-map', '0', '-dn', '-ignore_unknown', '-c', 'copy', '-c:s', 'mov_text', '-map', '-0:s'];
    const into = [...maps, '-map', '1:0', '-metadata:s:s:0', 'language=eng', 'file:with.mp4'];
    await well(ffmpeg('-y', '-i', 'file:video.mp4', '-i', `file:${name}`, ...into));
    assert.equal(await streamKinds(join(workDir, 'with.mp4')), ['subtitle', 'video']);
  }
});

it('thumbnails are converted, embedded and attached, and metadata is added', async ({
  workDir,
  realFfmpeg,
  ffmpeg,
}) => {
  const frame = ['-i', 'video.mp4', '-frames:v', '1', '-update', '1'];
  for (const name of ['t.jpg', 't.png', 't.webp']) {
    await realFfmpeg(...frame, name);
    // As yt-dlp converts, embeds in MP4 and attaches to Matroska.
    const convert = ['-y', '-f', 'image2', '-pattern_type', 'none', '-i', `file:${name}`, '-update', '1'];
    await well(ffmpeg(...convert, 'file:converted.png'));
    await well(ffmpeg('-i', `file:${name}`, '-f', 'null', '-'));
    const embed = ['-c', 'copy', '-map', '0', '-dn', '-ignore_unknown', '-map', '1'];
    const cover = [...embed, '-disposition:v:1', 'attached_pic', 'file:cover.mp4'];
    await well(ffmpeg('-y', '-i', 'file:video.mp4', '-i', 'file:converted.png', ...cover));
    const attach = ['-attach', `file:${name}`, '-metadata:s:1', 'mimetype=image/png', 'file:attached.mkv'];
    await well(ffmpeg('-y', '-i', 'file:video.mp4', '-map', '0', '-c', 'copy', ...attach));
  }
  assert.equal(await streamKinds(join(workDir, 'cover.mp4')), ['video', 'video']);
  const chapter = ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=first\n';
  await writeFile(join(workDir, 'video.meta'), chapter);
  const args = ['-map', '0', '-c', 'copy', '-map_metadata', '1', '-movflags', '+faststart', 'file:meta.mp4'];
  await well(ffmpeg('-y', '-i', 'file:video.mp4', '-i', 'file:video.meta', ...args));
  assert.match((await readFile(join(workDir, 'meta.mp4'))).toString('latin1'), 'first');
});

it('a stream from the network is fetched with its key, but no local file', async (fixture) => {
  const { workDir, secret, ffmpeg } = fixture;
  const site = await startSite();
  try {
    for (const path of ['ts/high.m3u8', 'aes/index.m3u8', 'fmp4/index.m3u8', 'clip.mp4']) {
      const out = ['-c', 'copy', '-f', 'mp4', 'file:got.mp4'];
      await well(ffmpeg('-y', '-headers', 'A: b\r\nC: d\r\n', '-i', `${site.url}/media/${path}`, ...out));
      assert.equal(await streamKinds(join(workDir, 'got.mp4')), ['audio', 'video'], path);
    }
    const evil = `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nfile://${secret.ts}\n#EXT-X-ENDLIST\n`;
    const type = 'application/vnd.apple.mpegurl';
    const address = `${site.url}/text?type=${type}&body=${encodeURIComponent(evil)}`;
    const wide = ['-protocol_whitelist', 'file,http,tcp', '-allowed_extensions', 'ALL'];
    for (const given of [[], wide]) {
      const { code, stderr } = await ffmpeg('-y', ...given, '-i', address, '-c', 'copy', 'file:evil.mp4');
      assert.is.not(code, 0);
      assert.not.match(stderr, '640x360');
    }
    const away = `${site.url}/redirect?to=${encodeURIComponent(`file://${secret.ts}`)}`;
    assert.is.not((await ffmpeg('-y', '-i', away, '-c', 'copy', 'file:evil.mp4')).code, 0);
  } finally {
    await site.close();
  }
});

test.run();
