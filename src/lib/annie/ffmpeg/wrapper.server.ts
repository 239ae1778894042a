/**
 * Our wrappers `ffmpeg` and `ffprobe`, which every engine is given instead of the real programs. They restrict the formats
 * of each input, and then exec the real program (docs/adr/019).
 */
import { accessSync, chmodSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { isExecutable } from '../../process/find-program.server.ts';
import { programPaths } from '../../process/sandbox/readable-paths.server.ts';

/** Beside this file in the sources; beside the bundle in the build, where scripts/build.ts puts it. */
export const WRAPPER_DIR = join(import.meta.dirname, import.meta.url.endsWith('.ts') ? 'bin' : 'ffmpeg');
export const WRAPPED_FFMPEG = join(WRAPPER_DIR, 'ffmpeg');

/**
 * PATH for an engine: the wrappers come first, and find the real programs behind them.
 * @param ffmpegPath the real ffmpeg, absolute; null = none was found, but one may be installed at any time
 * @param path PATH of the server; empty = nothing but ffmpeg is needed
 */
export function wrappedPath(ffmpegPath: string | null, path: string): string {
  const dirs = [WRAPPER_DIR, ffmpegPath === null ? '' : dirname(ffmpegPath), path];
  return dirs.filter((dir) => dir !== '').join(delimiter);
}

/** What a run has to read to start ffmpeg and ffprobe. @param ffmpegPath as above */
export function ffmpegPaths(ffmpegPath: string | null): string[] {
  if (ffmpegPath === null) return [WRAPPER_DIR];
  const beside = [ffmpegPath, join(dirname(ffmpegPath), 'ffprobe')];
  return [WRAPPER_DIR, ...beside.flatMap(programPaths)];
}

/**
 * Must be called before any engine is created: if the wrappers cannot be executed, engines would find the real ones on PATH.
 * @throws Error that says what to do
 */
export function requireWrapper(dir = WRAPPER_DIR): void {
  if (dir.includes(delimiter))
    throw new Error(`${dir} holds a colon: install Sluice in a folder without one.`);
  for (const name of ['ffmpeg', 'ffprobe']) {
    const path = join(dir, name);
    try {
      if (!isExecutable(path)) chmodSync(path, 0o755);
      accessSync(path, constants.X_OK);
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code;
      throw new Error(`${path} cannot be executed (${reason}), and no ffmpeg is started without it.`, {
        cause,
      });
    }
  }
}
