/** Playable media, made once with ffmpeg in a cache in the temp dir, which all test runs share. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { missing } from '../support/tools.ts';

const run = promisify(execFile);
/** Increase it when `make` changes. */
const CACHE = join(tmpdir(), 'sluice-test-media-v3');
export const SECONDS = 6;

/** Why media cannot be made here, or null. */
export const mediaMissing: string | null = missing('ffmpeg');

/**
 * The folder with `clip.mp4`, `sound.mp3`, `ts/` (master, two renditions), `fmp4/`, `byterange/`, `aes/`,
 * `audio/` (separate audio), `dash/` (separate audio); null without ffmpeg.
 */
export async function mediaDir(): Promise<string | null> {
  if (mediaMissing !== null) return null;
  if (await exists(CACHE)) return CACHE;
  const work = await mkdtemp(`${CACHE}-`);
  try {
    await make(work);
    await rename(work, CACHE);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    // another test run was faster
    if (!(await exists(CACHE))) throw error;
  }
  return CACHE;
}

async function make(dir: string): Promise<void> {
  const ffmpeg = async (out: string, args: string[]): Promise<void> => {
    const path = join(dir, out);
    await mkdir(dirname(path), { recursive: true });
    await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args, path], { cwd: dirname(path) });
  };
  const clip = join(dir, 'clip.mp4');
  const small = join(dir, 'small.mp4');
  const sources = (size: string): string[] => [
    ...['-f', 'lavfi', '-i', `testsrc2=duration=${SECONDS}:size=${size}:rate=25`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${SECONDS}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-keyint_min', '25', '-sc_threshold', '0'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '64k', '-shortest', '-movflags', '+faststart'],
  ];
  await ffmpeg('clip.mp4', sources('640x360'));
  await ffmpeg('small.mp4', sources('320x180'));
  await ffmpeg('sound.mp3', ['-f', 'lavfi', '-i', 'sine=frequency=330:duration=2', '-b:a', '64k']);
  const hls = ['-c', 'copy', '-f', 'hls', '-hls_time', '1', '-hls_playlist_type', 'vod'];
  await ffmpeg('ts/high.m3u8', ['-i', clip, ...hls, '-hls_segment_filename', 'high%03d.ts']);
  await ffmpeg('ts/low.m3u8', ['-i', small, ...hls, '-hls_segment_filename', 'low%03d.ts']);
  await writeFile(join(dir, 'ts/master.m3u8'), MASTER);
  await ffmpeg('fmp4/index.m3u8', ['-i', clip, ...hls, '-hls_segment_type', 'fmp4']);
  await ffmpeg('byterange/index.m3u8', ['-i', clip, ...hls, '-hls_flags', 'single_file']);
  await mkdir(join(dir, 'aes'), { recursive: true });
  await writeFile(join(dir, 'aes/key.bin'), randomBytes(16));
  await writeFile(join(dir, 'aes/key.info'), 'key.bin\nkey.bin\n');
  await ffmpeg('aes/index.m3u8', ['-i', clip, ...hls, '-hls_key_info_file', 'key.info']);
  await ffmpeg('audio/video.m3u8', ['-i', clip, '-an', ...hls, '-hls_segment_filename', 'video%03d.ts']);
  await ffmpeg('audio/sound.m3u8', ['-i', clip, '-vn', ...hls, '-hls_segment_filename', 'sound%03d.ts']);
  await writeFile(join(dir, 'audio/master.m3u8'), MASTER_WITH_AUDIO);
  const dash = ['-map', '0:v', '-map', '0:a', '-c', 'copy', '-f', 'dash', '-seg_duration', '1'];
  await ffmpeg('dash/index.mpd', ['-i', clip, ...dash, '-adaptation_sets', 'id=0,streams=v id=1,streams=a']);
}

const MASTER = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,CODECS="avc1.42c00d,mp4a.40.2"
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1280000,RESOLUTION=640x360,CODECS="avc1.42c01e,mp4a.40.2"
high.m3u8
`;

const MASTER_WITH_AUDIO = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="sound.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1280000,RESOLUTION=640x360,CODECS="avc1.42c01e,mp4a.40.2",AUDIO="a"
video.m3u8
`;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
