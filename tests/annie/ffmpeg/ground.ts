/** A work dir with media in it, a secret beside it, and our wrapper or the bare program to run there. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
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

/** Runs to its end; never throws for an exit code. */
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

export interface Ground {
  /** The current dir of every run. */
  workDir: string;
  secret: Secret;
  ffmpeg: (...args: string[]) => Promise<Ran>;
  ffprobe: (...args: string[]) => Promise<Ran>;
  /** The real one, which makes what the tests need. */
  bare: (...args: string[]) => Promise<Ran>;
}

/** `video.mp4` and `sound.m4a` of the same clip, and `part0.ts` to `part2.ts`, are in the work dir. */
export async function withGround(body: (ground: Ground) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const media = (await mediaDir()) ?? '';
    const workDir = join(dir, 'work');
    const secret = { mp4: join(dir, 'others/other.mp4'), ts: join(dir, 'others/other.ts') };
    await Promise.all([workDir, dirname(secret.mp4)].map((made) => mkdir(made)));
    await copyFile(join(media, 'clip.mp4'), secret.mp4);
    await copyFile(join(media, 'ts/high000.ts'), secret.ts);
    for (const n of [0, 1, 2]) await copyFile(join(media, `ts/low00${n}.ts`), join(workDir, `part${n}.ts`));
    const bare: Ground['bare'] = (...args) =>
      run([toolPath('ffmpeg') ?? '', '-nostdin', '-v', 'error', '-y', ...args], workDir);
    const small = join(media, 'small.mp4');
    await bare('-i', small, '-an', '-c', 'copy', 'video.mp4');
    await bare('-i', small, '-vn', '-c', 'copy', 'sound.m4a');
    await body({
      workDir,
      secret,
      bare,
      ffmpeg: (...args) => run([join(WRAPPER_DIR, 'ffmpeg'), '-nostdin', ...args], workDir),
      ffprobe: (...args) => run([join(WRAPPER_DIR, 'ffprobe'), ...args], workDir),
    });
  });
}

/** What yt-dlp types to join two files, less the output's name. */
export const merge = (video: string, sound: string): string[] => [
  ...['-y', '-loglevel', 'repeat+info', '-i', `file:${video}`, '-i', `file:${sound}`],
  ...['-c', 'copy', '-map', '0:v:0', '-map', '1:a:0', '-movflags', '+faststart'],
];
