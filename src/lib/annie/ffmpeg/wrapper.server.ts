/**
 * The folder with our own `ffmpeg` and `ffprobe`, which every engine is given instead of the real ones: they say before
 * each input which formats it may have, and then become the real program (docs/adr/019).
 */
import { accessSync, chmodSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Beside this file in the sources; beside the bundle in the build, where scripts/build.ts puts it. */
export const WRAPPER_DIR = join(import.meta.dirname, import.meta.url.endsWith('.ts') ? 'bin' : 'ffmpeg');
export const WRAPPED_FFMPEG = join(WRAPPER_DIR, 'ffmpeg');

/**
 * PATH of an engine: ours come first, and find the real ones behind them.
 * @param ffmpegPath the real ffmpeg, absolute; null = none was found, but one may be installed at any time
 * @param path PATH of the server; empty = nothing but ffmpeg is needed
 */
export function wrappedPath(ffmpegPath: string | null, path: string): string {
  const dirs = [WRAPPER_DIR, ffmpegPath === null ? '' : dirname(ffmpegPath), path];
  return dirs.filter((dir) => dir !== '').join(delimiter);
}

/**
 * To be called before any engine is made: whoever cannot start ours would go on to the real ones on PATH.
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
