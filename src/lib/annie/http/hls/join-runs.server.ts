/** Joins runs of fragmented MP4 that have different initialisation parts into one track of MPEG-TS, nothing re-encoded. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SluiceError } from '../../../protocol/error.ts';
import type { Mp4Run } from './mp4-runs.server.ts';

/** Runs ffmpeg in the work dir with these arguments. @returns its exit code */
type RunFfmpeg = (args: readonly string[]) => Promise<number | null>;

/**
 * MPEG-TS repeats its parameters in the stream, so that one track of it can have several: each run becomes one, and
 * ffmpeg's concat demuxer lets their times follow each other.
 * @param path of the track
 * @returns path of the joined one
 * @throws SluiceError `engine_exit`; the errno of the disk
 */
export async function joinRuns(path: string, runs: readonly Mp4Run[], runFfmpeg: RunFfmpeg): Promise<string> {
  const name = basename(path);
  const made: string[] = [];
  try {
    for (const [index, { start, end }] of runs.entries()) {
      const run = `${path}.run`;
      await pipeline(createReadStream(path, { start, end: end - 1 }), createWriteStream(run));
      made.push(`${path}.run-${index}`);
      await requireSuccess(runFfmpeg, [
        ...['-f', 'mov', '-i', `file:${name}.run`, '-map', '0:v:0?', '-map', '0:a:0?'],
        ...['-c', 'copy', '-f', 'mpegts', `file:${name}.run-${index}`],
      ]);
      await rm(run, { force: true });
    }
    const list = made.map((file) => `file '${basename(file)}'\n`).join('');
    await writeFile(`${path}.runs`, `ffconcat version 1.0\n${list}`);
    const joined = `${path}.joined-runs`;
    await requireSuccess(runFfmpeg, [
      ...['-f', 'concat', '-i', `file:${name}.runs`, '-map', '0', '-c', 'copy'],
      ...['-f', 'mpegts', `file:${name}.joined-runs`],
    ]);
    return joined;
  } finally {
    for (const file of [...made, `${path}.run`, `${path}.runs`]) await rm(file, { force: true });
  }
}

async function requireSuccess(runFfmpeg: RunFfmpeg, args: readonly string[]): Promise<void> {
  if ((await runFfmpeg(args)) === 0) return;
  const message = 'ffmpeg could not join the parts of the stream, whose encodings differ.';
  throw new SluiceError('engine_exit', message, { transient: false });
}
