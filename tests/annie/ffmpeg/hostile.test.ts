import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WRAPPED_FFMPEG } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { failureOf } from '#lib/foreign/yt-dlp/failure.ts';
import { mediaMissing } from '../../site/media.ts';
import { testUnless } from '../../support/skip.ts';
import { straceMissing } from '../../support/strace.ts';
import { toolPath } from '../../support/tools.ts';
import { type FfmpegFixture, merge, run, withFfmpeg } from './fixture.ts';
import { hostileFiles } from './hostile.ts';

/** A file in the work dir that only ffconcat can name. */
const BESIDE = 'neighbour.mp4';
const PLAYLIST = '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\n';

async function withHostile(body: (fixture: FfmpegFixture, names: string[]) => Promise<void>): Promise<void> {
  await withFfmpeg(async (fixture) => {
    const { workDir, secret } = fixture;
    await copyFile(secret.mp4, join(workDir, BESIDE));
    const files = hostileFiles(secret, BESIDE);
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(workDir, name), bytes);
    await body(fixture, Object.keys(files));
  });
}

testUnless(test, mediaMissing, 'a script with the name of a video is not joined, whatever the name', () =>
  withHostile(async ({ workDir, ffmpeg, ffprobe }, names) => {
    for (const [index, name] of names.entries()) {
      // As video and as audio in turn: ffmpeg reads both inputs alike.
      const args = index % 2 === 0 ? merge(name, 'sound.m4a') : merge('video.mp4', name);
      const { code, stderr } = await ffmpeg(...args, 'file:out.mp4');
      assert.is.not(code, 0, name);
      assert.not.match(stderr, '640x360', name);
      assert.not((await readdir(workDir)).includes('out.mp4'), name);
      // With what yt-dlp asks for, and with nothing, in turn.
      const options = index % 4 < 2 ? ['-hide_banner', '-show_format', '-show_streams'] : [];
      const probed = await ffprobe(...options, `file:${name}`);
      assert.is.not(probed.code, 0, name);
      assert.is(probed.stdout, '', name);
      assert.not.match(probed.stderr, '640x360', name);
    }
  }),
);

testUnless(
  test,
  mediaMissing ?? straceMissing(),
  'no script opens another file, although some do without the wrapper',
  () =>
    withHostile(async ({ workDir }, names) => {
      const opened = async (program: string, name: string): Promise<boolean> => {
        const log = join(workDir, 'trace');
        const traced = [
          toolPath('strace') ?? '',
          '-f',
          '--seccomp-bpf',
          '-e',
          'trace=open,openat',
          '-o',
          log,
        ];
        await run([...traced, program, '-nostdin', ...merge(name, 'sound.m4a'), '-f', 'null', '-'], workDir);
        const text = await readFile(log, 'utf8');
        assert.match(text, `"${name}"`);
        await rm(log);
        return /others\/other|neighbour/.test(text);
      };
      const guarded: string[] = [];
      for (const name of names) if (await opened(WRAPPED_FFMPEG, name)) guarded.push(name);
      assert.equal(guarded, []);
      for (const name of ['m3u8.m3u8', 'mpd.mp4', 'ffconcat-beside.mp4'])
        assert.ok(await opened(toolPath('ffmpeg') ?? '', name), `${name} opens nothing even without us`);
    }),
);

testUnless(
  test,
  mediaMissing,
  'what only begins as media is not media by the last line of ffmpeg, which is final',
  () =>
    withHostile(async ({ workDir, ffmpeg, secret }) => {
      const packet = (await readFile(join(workDir, 'part0.ts'))).subarray(0, 188);
      const script = Buffer.from(`${PLAYLIST}file://${secret.ts}\n#EXT-X-ENDLIST\n`);
      const nothing = Buffer.concat([Buffer.from([0x47, 0x1f, 0xff, 0x10]), Buffer.alloc(184, 0xff)]);
      const starts: Record<string, Buffer> = {
        'a packet and a script': Buffer.concat([packet, script]),
        'packets without a stream': Buffer.concat(Array.from({ length: 20 }, () => nothing)),
        'the start of Ogg': Buffer.concat([Buffer.from('OggS\0'), Buffer.alloc(500)]),
        'the start of Matroska': Buffer.concat([Buffer.from('1a45dfa3', 'hex'), Buffer.alloc(500)]),
        'the start of Flash': Buffer.concat([Buffer.from('464c56010500000009', 'hex'), Buffer.alloc(500)]),
        'the other track': await readFile(join(workDir, 'sound.m4a')),
      };
      for (const [what, bytes] of Object.entries(starts)) {
        await writeFile(join(workDir, 'media.mp4'), bytes);
        const { code, stderr } = await ffmpeg(...merge('media.mp4', 'sound.m4a'), 'file:out.mp4');
        const last = stderr.trim().split('\n').at(-1) ?? '';
        const failure = failureOf([`ERROR: Postprocessing: ${last}`], code, null);
        assert.equal([what, failure.code, failure.transient], [what, 'not_media', false], last);
      }
    }),
);

testUnless(test, mediaMissing, 'whitelists of the caller do not widen ours', () =>
  withHostile(async ({ ffmpeg, ffprobe }) => {
    const wide = ['-format_whitelist', 'ALL', '-protocol_whitelist', 'file,crypto,data,http,https,tcp,tls'];
    for (const name of ['m3u8.mp4', 'mpd.mp4', 'ffconcat-beside.mp4']) {
      const { code } = await ffmpeg(...wide, '-i', `file:${name}`, '-f', 'null', '-');
      assert.is.not(code, 0, name);
      for (const [before, after] of [
        [wide, []],
        [[], wide],
      ] as const)
        assert.is((await ffprobe(...before, '-show_streams', `file:${name}`, ...after)).stdout, '', name);
    }
    for (const format of ['hls', 'dash', 'concat', 'lavfi', 'sdp', 'imf', 'image2pipe', 'x11grab', 'data']) {
      const { code, stdout } = await ffmpeg('-f', format, '-i', 'file:m3u8.mp4', '-f', 'null', '-');
      assert.is.not(code, 0, format);
      assert.is(stdout, '');
    }
    const movie = await ffmpeg('-f', 'lavfi', '-i', 'movie=neighbour.mp4', '-f', 'null', '-');
    assert.is.not(movie.code, 0);
  }),
);

testUnless(test, mediaMissing, 'a part of a concat list cannot be a list or a script', () =>
  withHostile(async ({ workDir, ffmpeg }, names) => {
    for (const name of names) {
      await writeFile(join(workDir, 'media.txt'), `file 'part0.ts'\nfile '${name}'\n`);
      const list = ['-y', '-f', 'concat', '-safe', '0', '-i', 'media.txt', '-c', 'copy'];
      const { code, stderr } = await ffmpeg(...list, 'media.mp4');
      assert.is.not(code, 0, name);
      assert.not.match(stderr, '640x360', name);
      assert.not((await readdir(workDir)).includes('media.mp4'), name);
    }
  }),
);

testUnless(test, mediaMissing, 'a script is found in a list of hundreds, wherever it is', () =>
  withHostile(async ({ workDir, ffmpeg }) => {
    for (const at of [0, 80, 199]) {
      const lines = Array.from({ length: 200 }, (_, i) => `file '${i === at ? 'mpd.mp4' : 'part0.ts'}'\n`);
      await writeFile(join(workDir, 'media.txt'), lines.join(''));
      const { code, stderr } = await ffmpeg(
        '-f',
        'concat',
        '-safe',
        '0',
        '-i',
        'media.txt',
        '-f',
        'null',
        '-',
      );
      assert.is(code, 1, String(at));
      assert.match(stderr, 'a part is not media');
    }
  }),
);

testUnless(test, mediaMissing, 'a concat list may hold only names in this folder and times', () =>
  withFfmpeg(async ({ workDir, secret, ffmpeg }) => {
    for (const line of [
      `file '${secret.mp4}'`,
      `file 'file:${secret.mp4}'`,
      `file '../others/other.mp4'`,
      `file 'file:../others/other.mp4'`,
      `file 'concat:part0.ts|../others/other.ts'`,
      `file 'subfile,,start,0,end,0,,:../others/other.ts'`,
      `file ''`,
      `file 'a'b'`,
      `file 'a`,
      'file part1.ts',
      'option format_whitelist hls',
      'option safe 0',
      'stream',
      'inpoint x',
      `file 'part1.ts'\r`,
      ` file 'part1.ts'`,
    ]) {
      await writeFile(join(workDir, 'media.txt'), `file 'part0.ts'\n${line}\n`);
      const { code, stderr } = await ffmpeg(
        '-f',
        'concat',
        '-safe',
        '0',
        '-i',
        'media.txt',
        '-f',
        'null',
        '-',
      );
      assert.is(code, 1, line);
      assert.match(stderr, 'sluice: ffmpeg was not started', line);
    }
  }),
);

testUnless(test, mediaMissing, 'an input may only be a file in this folder, a web address or a pipe', () =>
  withFfmpeg(async ({ secret, ffmpeg, ffprobe }) => {
    for (const name of [
      secret.mp4,
      `file:${secret.mp4}`,
      `file://${secret.mp4}`,
      '../others/other.mp4',
      'file:./../others/other.mp4',
      `concat:${secret.ts}`,
      'concat:part0.ts|part1.ts',
      `subfile,,start,0,end,0,,:${secret.mp4}`,
      `crypto:${secret.mp4}`,
      `async:${secret.mp4}`,
      `cache:${secret.mp4}`,
      'data:text/plain,#EXTM3U',
      'rtmp://127.0.0.1/x',
      'tcp://127.0.0.1:9',
      'HTTP://127.0.0.1:9',
      'pipe:3',
      '',
    ]) {
      for (const { code, stderr } of [
        await ffmpeg('-i', name, '-f', 'null', '-'),
        await ffmpeg('-i', 'video.mp4', '-attach', name, '-c', 'copy', 'x.mkv'),
        await ffprobe('-show_streams', name),
        await ffprobe('-show_streams', '-i', name),
      ]) {
        assert.is(code, 1, name);
        assert.match(stderr, /sluice: ff(mpeg|probe) was not started/, name);
      }
    }
  }),
);

testUnless(test, mediaMissing, 'a picture is one file, also if its name is a pattern', () =>
  withFfmpeg(async ({ realFfmpeg, ffmpeg }) => {
    await realFfmpeg('-i', 'video.mp4', '-frames:v', '3', 'p%d.jpg');
    await realFfmpeg('-i', 'video.mp4', '-frames:v', '1', '-update', '1', 'p.jpg');
    for (const format of [[], ['-f', 'image2'], ['-f', 'image2', '-pattern_type', 'glob']]) {
      assert.is((await ffmpeg(...format, '-i', 'file:p.jpg', '-f', 'null', '-')).code, 0);
      for (const name of ['p%d.jpg', 'p%*.jpg', 'p?.jpg'])
        assert.is.not((await ffmpeg(...format, '-i', name, '-f', 'null', '-')).code, 0, name);
    }
  }),
);

testUnless(test, mediaMissing, 'input from a pipe must be media too', () =>
  withFfmpeg(async ({ workDir, secret }) => {
    await writeFile(join(workDir, 'list.m3u8'), `${PLAYLIST}file://${secret.ts}\n#EXT-X-ENDLIST\n`);
    const pipe = (name: string) =>
      run(['/bin/sh', '-c', `"$1" -i - -f null - <${name}`, 'sh', WRAPPED_FFMPEG], workDir);
    assert.is((await pipe('part0.ts')).code, 0);
    assert.is.not((await pipe('list.m3u8')).code, 0);
  }),
);

test.run();
