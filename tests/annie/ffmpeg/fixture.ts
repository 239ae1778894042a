/** A work dir with media, secret files beside it, and functions that run the wrapper or the real program in it. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { WRAPPER_DIR, wrappedPath } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { mediaDir } from '../../site/media.ts';
import { toolPath } from '../../support/tools.ts';
import { withDir } from '../../process/machine.ts';
import type { Secret } from './hostile.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

const exec = promisify(execFile);

/** Never throws for an exit code. */
export async function run(
  argv: string[],
  cwd: string,
  path = wrappedPath(toolPath('ffmpeg'), ''),
): Promise<Ran> {
  const [program = '', ...args] = argv;
  const env = { PATH: path, LANG: 'C.UTF-8' };
  try {
    return {
      code: 0,
      ...(await exec(program, args, { cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: 60_000 })),
    };
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as Ran;
    if (typeof code !== 'number') throw thrown;
    return { code, stdout, stderr };
  }
}

export interface FfmpegFixture {
  /** The current dir of each run. */
  workDir: string;
  secret: Secret;
  ffmpeg: (...args: string[]) => Promise<Ran>;
  ffprobe: (...args: string[]) => Promise<Ran>;
  /** The real program. */
  realFfmpeg: (...args: string[]) => Promise<Ran>;
}

/** Of the clip, by file name; made once for all tests of a file. */
let tracks: Promise<Record<string, Buffer>> | null = null;

async function splitTracks(clip: string): Promise<Record<string, Buffer>> {
  const made: Record<string, Buffer> = {};
  await withDir(async (dir) => {
    for (const [name, without] of [
      ['video.mp4', '-an'],
      ['sound.m4a', '-vn'],
    ] as const) {
      const split = ['-v', 'error', '-i', clip, without, '-c', 'copy', name];
      await run([toolPath('ffmpeg') ?? '', '-nostdin', ...split], dir);
      made[name] = await readFile(join(dir, name));
    }
  });
  return made;
}

/** The work dir holds `video.mp4` and `sound.m4a` of the same clip, and `part0.ts` to `part2.ts`. */
export async function withFfmpeg(body: (fixture: FfmpegFixture) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const media = (await mediaDir()) ?? '';
    const workDir = join(dir, 'work');
    const secret = { mp4: join(dir, 'others/other.mp4'), ts: join(dir, 'others/other.ts') };
    await Promise.all([workDir, dirname(secret.mp4)].map((made) => mkdir(made)));
    await copyFile(join(media, 'clip.mp4'), secret.mp4);
    await copyFile(join(media, 'ts/high000.ts'), secret.ts);
    for (const n of [0, 1, 2]) await copyFile(join(media, `ts/low00${n}.ts`), join(workDir, `part${n}.ts`));
    const realFfmpeg: FfmpegFixture['realFfmpeg'] = (...args) =>
      run([toolPath('ffmpeg') ?? '', '-nostdin', '-v', 'error', '-y', ...args], workDir);
    tracks ??= splitTracks(join(media, 'small.mp4'));
    for (const [name, bytes] of Object.entries(await tracks)) await writeFile(join(workDir, name), bytes);
    await body({
      workDir,
      secret,
      realFfmpeg,
      ffmpeg: (...args) => run([join(WRAPPER_DIR, 'ffmpeg'), '-nostdin', ...args], workDir),
      ffprobe: (...args) => run([join(WRAPPER_DIR, 'ffprobe'), ...args], workDir),
    });
  });
}

/** yt-dlp's arguments to join two files, without the output. */
export const merge = (video: string, sound: string): string[] => [
  ...['-y', '-loglevel', 'repeat+info', '-i', `file:${video}`, '-i', `file:${sound}`],
  ...['-c', 'copy', '-map', '0:v:0', '-map', '1:a:0', '-movflags', '+faststart'],
];
