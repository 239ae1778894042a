/** Fragmented MP4 whose initialisation part changes (RFC 8216, section 4.3.2.5), as at ad breaks. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { freshDir } from '../annie/http/kit.ts';
import { mediaDir } from '../site/media.ts';
import { toolPath } from '../support/tools.ts';
import { it, mediaFile, openStreamKit } from './stream-kit.ts';

const run = promisify(execFile);
const processes = await createProcessHost({ runDir: await freshDir() });
const streams = await openStreamKit({ ffmpegPath: toolPath('ffmpeg'), processes });
const bare = await openStreamKit();
test.after(async () => {
  await streams.close();
  await bare.close();
  await processes.close();
});

/** 4 s of the stream, and 2 s of another size, rate and initialisation part. */
async function pieces(): Promise<{ stream: Buffer[]; ad: Buffer[] }> {
  const stream = ['init.mp4', ...[0, 1, 2, 3].map((n) => `index${n}.m4s`)].map((name) =>
    mediaFile(`fmp4/${name}`),
  );
  const dir = await freshDir();
  const hls = [
    '-t',
    '2',
    '-c',
    'copy',
    '-f',
    'hls',
    '-hls_time',
    '1',
    '-hls_segment_type',
    'fmp4',
    'ad.m3u8',
  ];
  const small = join((await mediaDir()) ?? '', 'small.mp4');
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-i', small, ...hls], { cwd: dir });
  const ad = ['init.mp4', 'ad0.m4s', 'ad1.m4s'].map((name) => readFile(join(dir, name)));
  return { stream: await Promise.all(stream), ad: await Promise.all(ad) };
}

/** Fragments 0 and 1 of the stream, the ad, and the rest of the stream. */
const LIST = [
  ...['#EXTM3U', '#EXT-X-MAP:URI="BASE/0.ts"', '#EXTINF:1,', 'BASE/1.ts', '#EXTINF:1,', 'BASE/2.ts'],
  ...[
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-MAP:URI="BASE/5.ts"',
    '#EXTINF:1,',
    'BASE/6.ts',
    '#EXTINF:1,',
    'BASE/7.ts',
  ],
  ...[
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-MAP:URI="BASE/0.ts"',
    '#EXTINF:1,',
    'BASE/3.ts',
    '#EXTINF:1,',
    'BASE/4.ts',
  ],
  '#EXT-X-ENDLIST',
].join('\n');

it('runs with different initialisation parts become one file that plays whole', async () => {
  const { stream, ad } = await pieces();
  const { state, body, message } = await streams.download(streams.listed(LIST, [...stream, ...ad]));
  assert.is(state, 'complete', message);
  const path = join(await freshDir(), 'stream.mp4');
  await writeFile(path, body);
  const ffmpeg = toolPath('ffmpeg') ?? '';
  const { stderr } = await run(ffmpeg, ['-v', 'error', '-i', path, '-f', 'null', '-']);
  assert.is(stderr, '');
  const probe = ['-v', 'error', '-count_frames', '-select_streams', 'v', '-of', 'default=nw=1:nk=1'];
  const { stdout } = await run(ffmpeg.replace(/ffmpeg$/, 'ffprobe'), [
    ...[...probe, '-show_entries', 'stream=nb_read_frames:format=duration', path],
  ]);
  const [frames, seconds] = stdout.trim().split('\n').map(Number);
  assert.is(frames, 150);
  assert.is(Math.round(seconds ?? 0), 6);
});

it('without ffmpeg they are refused', async () => {
  const { stream, ad } = await pieces();
  assert.is((await bare.download(bare.listed(LIST, [...stream, ...ad]))).state, 'ffmpeg_missing');
});

it('a fragment of MP4 that is cut is not_media', async () => {
  const { stream } = await pieces();
  const [init = Buffer.alloc(0), first = Buffer.alloc(0), second = Buffer.alloc(0)] = stream;
  const cut = [init, first.subarray(0, 50_000), second];
  const list = [
    '#EXTM3U',
    '#EXT-X-MAP:URI="BASE/0.ts"',
    '#EXTINF:1,',
    'BASE/1.ts',
    '#EXTINF:1,',
    'BASE/2.ts',
  ];
  assert.is(
    (await bare.download(bare.listed([...list, '#EXT-X-ENDLIST'].join('\n'), cut))).state,
    'not_media',
  );
});

test.run();
