/** Compares the finished file of a stream in pieces with what its playlist listed, noted by `fragment-check.py`. */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { parseJsonAs } from '../../files/parse-json.ts';
import { captureOutput, decodeOutput } from '../../process/capture-output.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { SluiceError } from '../../protocol/error.ts';
import { WRAPPER_DIR } from '../ffmpeg/wrapper.server.ts';
import { LISTED_FILE } from './arguments.ts';
import { lastLines } from './work-files.server.ts';

const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const Listed = v.object({
  name: v.string(),
  seconds,
  fragments: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** The list names whole seconds only. */
  rounded: v.boolean(),
});
type Listed = v.InferOutput<typeof Listed>;

/** ms; ffprobe reads the head and the end of a file. */
const PROBE_TIMEOUT_MS = 30_000;

interface LengthProbe {
  processes: ProcessHost;
  workDir: string;
  env: Record<string, string>;
  reads: readonly string[];
  signal: AbortSignal;
}

/**
 * What was listed of each file, by name, the newest of the last 64 kB: a download has two tracks, and a line for each in each
 * of its attempts. Nothing if this yt-dlp is not our own copy, or fetched no pieces.
 */
export async function readListed(workDir: string): Promise<Listed[]> {
  const byName = new Map<string, Listed>();
  for (const line of await lastLines(join(workDir, LISTED_FILE))) {
    const listed = parseJsonAs(Listed, line);
    if (listed !== null) byName.set(listed.name, listed);
  }
  return [...byName.values()];
}

/**
 * Deletes a finished file with a hole, as yt-dlp would take it for done.
 * @param isPartLeftOut ffmpeg said that it went on without a part
 * @throws SluiceError `size_mismatch` for such a file
 */
export async function requireWhole(path: string, isPartLeftOut: boolean, probe: LengthProbe): Promise<void> {
  try {
    if (isPartLeftOut) throw new SluiceError('size_mismatch', PART_LEFT_OUT);
    await requireListedLength(await readListed(probe.workDir), basename(path), probe);
  } catch (thrown) {
    if (!probe.signal.aborted) await rm(path, { force: true });
    throw thrown;
  }
}

const PART_LEFT_OUT = 'ffmpeg could not fetch a part of the stream, and went on without it.';

/** Throws if the file, or one of its tracks, is shorter than what was listed. Without ffprobe nothing is compared. */
async function requireListedLength(
  listed: readonly Listed[],
  name: string,
  probe: LengthProbe,
): Promise<void> {
  if (listed.length === 0) return;
  const found = await secondsOf(name, probe);
  if (found === null) return;
  const longest = listed.reduce((a, b) => (a.seconds > b.seconds ? a : b));
  const shortest = listed.reduce((a, b) => (a.seconds < b.seconds ? a : b));
  if (isTooShort(found.file, longest)) throw tooShort(found.file, longest);
  // Separate tracks were joined: a hole at the end of one does not show in the length of the file.
  const track = listed.length > 1 && found.tracks.length > 1 ? Math.min(...found.tracks) : null;
  if (track !== null && isTooShort(track, shortest)) throw tooShort(track, shortest);
}

/**
 * Half a fragment may be missing, and 0.2 %: lists are written by muxers that round. A list of whole seconds may be wrong by
 * one for each fragment (version 1 and 2 of HLS).
 */
export function isTooShort(found: number, { seconds: listed, fragments, rounded }: Listed): boolean {
  const allowed = listed / fragments / 2 + listed * 0.002 + (rounded ? fragments : 0);
  return found < listed - allowed;
}

function tooShort(found: number, { seconds: listed }: Listed): SluiceError {
  const [has, wanted] = [found, listed].map((each) => each.toFixed(1));
  return new SluiceError('size_mismatch', `The file has ${has} s of the ${wanted} s that the stream lists.`);
}

/** Of the file and of its tracks; null = ffprobe is missing, or cannot say. */
async function secondsOf(
  name: string,
  probe: LengthProbe,
): Promise<{ file: number; tracks: number[] } | null> {
  const { processes, workDir: cwd, env, reads, signal } = probe;
  try {
    const { exit, stdout } = await captureOutput(processes, {
      argv: [
        join(WRAPPER_DIR, 'ffprobe'),
        ...['-v', 'error', '-show_entries', 'format=duration:stream=codec_type,duration', '-of', 'json'],
        `file:${name}`,
      ],
      ...{ cwd, env, reads },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
      maxBytes: 64 * 1024,
    });
    if (exit.exitCode !== 0) return null;
    const json = JSON.parse(decodeOutput(stdout)) as {
      format?: { duration?: string };
      streams?: { codec_type?: string; duration?: string }[];
    };
    const file = Number(json.format?.duration);
    const tracks = (json.streams ?? [])
      .filter(({ codec_type }) => codec_type === 'video' || codec_type === 'audio')
      .map(({ duration }) => Number(duration));
    if (!(file > 0)) return null;
    return { file, tracks: tracks.every((track) => track > 0) ? tracks : [] };
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
