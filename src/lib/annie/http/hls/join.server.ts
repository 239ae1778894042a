/**
 * Tracks into one file with ffmpeg, nothing re-encoded. The input format is always named, as it is known; that a hostile
 * "fragment" opens no other file is what the wrapper sees to.
 */
import { rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SluiceError } from '../../../protocol/error.ts';
import type { ProcessHost } from '../../../process/process-host.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import { readAt } from '../../../files/read-at.server.ts';
import { ffmpegPaths, WRAPPED_FFMPEG, wrappedPath } from '../../ffmpeg/wrapper.server.ts';
import { type Container, containerOf, EXTENSION } from './container.ts';
import { joinRuns } from './join-runs.server.ts';
import { runsOf } from './mp4-runs.server.ts';

interface JoinJob {
  workDir: string;
  /** One, or video and audio. */
  tracks: readonly string[];
  /** Absolute path of the real one, which only our wrapper starts; null = there is none. */
  ffmpegPath: string | null;
  processes: ProcessHost | null;
  signal: AbortSignal;
  onOutput: (text: string) => void;
}

interface Joined {
  path: string;
  bytes: number;
  ext: string;
}

/** @throws SluiceError `ffmpeg_missing`, `engine_exit`, `disk_*`, `invalid_manifest`, `not_media`, `too_complex`; the signal's reason */
export async function joinTracks(job: JoinJob): Promise<Joined> {
  const { workDir, signal } = job;
  const tracks: string[] = [];
  for (const track of job.tracks) tracks.push(await withOneInitialisation(job, track));
  const containers = await Promise.all(tracks.map(sniff));
  const [first = '', ...others] = tracks;
  const unchanged = async (): Promise<Joined> => {
    const container = containers[0];
    return { path: first, bytes: (await stat(first)).size, ext: container ? EXTENSION[container] : 'ts' };
  };
  const isSingle = others.length === 0;
  if (isSingle && (job.ffmpegPath === null || job.processes === null || containers[0] !== 'mpegts'))
    return unchanged();
  const path = join(workDir, 'hls-joined.mp4');
  const exitCode = await runFfmpeg(job, argsFor({ ...job, tracks }, containers, path));
  signal.throwIfAborted();
  if (exitCode === 0) {
    const { size } = await stat(path);
    if (size > 0) return { path, bytes: size, ext: 'mp4' };
  }
  await rm(path, { force: true });
  // what MP4 cannot hold still plays as it is
  if (isSingle) return unchanged();
  throw new SluiceError('engine_exit', 'ffmpeg could not join video and audio.', { transient: false });
}

/** A track whose fragments need several initialisation parts becomes one that needs none. */
async function withOneInitialisation(job: JoinJob, track: string): Promise<string> {
  if ((await sniff(track)) !== 'mov') return track;
  const { runs, areAlike } = await runsOf(track, job.signal);
  if (runs.length < 2 || (areAlike && !canRun(job))) return track;
  const joined = await joinRuns(track, runs, (args) => runFfmpeg(job, args));
  job.signal.throwIfAborted();
  return joined;
}

function canRun({ ffmpegPath, processes }: JoinJob): boolean {
  return ffmpegPath !== null && processes !== null;
}

function argsFor(
  { tracks, workDir }: JoinJob,
  containers: readonly (Container | null)[],
  path: string,
): string[] {
  const inputs = tracks.flatMap((track, i) => {
    const container = containers[i];
    if (!container)
      throw new SluiceError('invalid_manifest', 'The fragments are of no kind that can be joined.');
    return ['-f', container, '-i', `file:${relative(workDir, track)}`];
  });
  const maps = tracks.length === 2 ? ['-map', '0:v:0', '-map', '1:a:0'] : [];
  return [...inputs, ...maps, '-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', `file:${path}`];
}

async function runFfmpeg(job: JoinJob, args: readonly string[]): Promise<number | null> {
  const { ffmpegPath, processes, workDir, signal, onOutput } = job;
  if (ffmpegPath === null || processes === null) throw new SluiceError('ffmpeg_missing');
  const decoder = new TextDecoder();
  const { exitCode } = await processes.run({
    argv: [WRAPPED_FFMPEG, '-nostdin', '-hide_banner', '-loglevel', 'error', '-y', ...args],
    cwd: workDir,
    env: { PATH: wrappedPath(ffmpegPath, ''), LC_ALL: 'C', NO_COLOR: '1' },
    reads: ffmpegPaths(ffmpegPath),
    signal,
    onChunk: (_, chunk) => {
      onOutput(decoder.decode(chunk, { stream: true }));
    },
  });
  return exitCode;
}

async function sniff(path: string): Promise<Container | null> {
  try {
    return containerOf(await readAt(path, 0, 256));
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}
