/**
 * The saved state of a track in a work dir: how many of its fragments are in the file, which are begun, and what their
 * servers reported. It is trusted in the boot that wrote it.
 */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { bootId } from '../../../files/boot-id.server.ts';
import { replaceFile } from '../../../files/replace-file.server.ts';
import type { Mp4Track } from '../../../foreign/mp4/times.ts';
import type { Fragments } from '../../../foreign/playlist/fragments.ts';
import { PartNote, SeenSchema } from './fragment-part.server.ts';

/** Of files with byte ranges. A playlist refers to a few at a time; the state is written after each fragment. */
export const MAX_SAVED_FILES = 8;

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** By stream, in s. */
const Ends = v.array(v.tuple([Count, v.number()]));
const Mp4TrackSchema = v.object({
  ...{ id: Count, timescale: Count, sampleDuration: Count },
  isVideo: v.boolean(),
}) satisfies v.GenericSchema<Mp4Track>;
const Played = v.object({
  /** What is known to be whole counts as the playlist says. */
  seconds: v.pipe(v.number(), v.minValue(0)),
  /** Fragments that play for less than half of what the playlist says, and whose times say nothing. */
  short: Count,
  /** Places where both the playlist and the times of fragments miss something. */
  holes: v.optional(Count, 0),
  /** Fragments with which nothing is missing, and by how much all of them are shorter than listed, in s. */
  joined: v.optional(v.object({ count: Count, missing: v.number() }), { count: 0, missing: 0 }),
  /** The last fragment, of which nothing counts yet; null = none. */
  last: v.optional(
    v.nullable(
      v.object({
        ...{ listed: v.number(), seconds: v.number(), isCut: v.boolean(), ends: Ends },
        /** Where the one before it ended, if it begins before that. */
        resumes: v.nullable(Ends),
      }),
    ),
    null,
  ),
});
export type Played = v.InferOutput<typeof Played>;
export const TrackState = v.object({
  version: v.literal(2),
  /** In which it was written: after another one only what `synced-track.server.ts` has noted is trusted. */
  boot: v.string(),
  /** Of the rendition and the playlist. */
  fingerprint: v.string(),
  /** Of the addresses without their queries. */
  addresses: v.string(),
  /** Fragments that are in the file. */
  fragments: Count,
  /** Length of the file with them. */
  bytes: Count,
  /** Of these, the last fragment's. */
  lastBytes: Count,
  /** Bytes at the start of the last fragment that are no media, and not in the file. */
  lastSkipped: v.optional(Count, 0),
  /** How long these fragments play; null = unknown, as an earlier version wrote it. */
  played: v.optional(v.nullable(Played), null),
  /** Of the initialisation part of what comes next; null = there is none, or an earlier version wrote it. */
  mp4: v.optional(v.nullable(v.array(Mp4TrackSchema)), null),
  /** What was reported of files with byte ranges, each with the index of a fragment in it. */
  files: v.array(v.tuple([Count, SeenSchema])),
  /** Begun fragments, by index. */
  parts: v.optional(v.array(v.tuple([Count, PartNote])), []),
});
export type TrackState = v.InferOutput<typeof TrackState>;

/** @param rendition its id, so that bytes of two are never mixed */
export function freshState(
  { fingerprint, addressHash }: Pick<Fragments, 'fingerprint' | 'addressHash'>,
  rendition: string,
): TrackState {
  return {
    version: 2,
    boot: bootId(),
    fingerprint: `${rendition} ${fingerprint}`,
    addresses: addressHash,
    ...{ fragments: 0, bytes: 0, lastBytes: 0, lastSkipped: 0, files: [], parts: [] },
    ...{
      played: { seconds: 0, short: 0, holes: 0, joined: { count: 0, missing: 0 }, last: null },
      mp4: null,
    },
  };
}

/** The saved state of the track in `path`, if it is of a playlist of the same shape; null = nothing to resume. */
export async function loadTrackState(path: string, fingerprint: string): Promise<TrackState | null> {
  try {
    const saved = v.parse(TrackState, JSON.parse(await readFile(`${path}.json`, 'utf8')));
    if (saved.boot !== bootId() || saved.fingerprint !== fingerprint || saved.lastBytes > saved.bytes)
      return null;
    return (await stat(path)).size >= saved.bytes ? saved : null;
  } catch {
    return null;
  }
}

export async function saveTrackState(path: string, state: TrackState): Promise<void> {
  await replaceFile(`${path}.json`, JSON.stringify(state));
}

/** Removes all that an earlier attempt left of a track, and saves the state without a fragment. */
export async function startTrackOver(path: string, state: TrackState): Promise<void> {
  const dir = dirname(path);
  for (const file of await readdir(dir).catch(() => [])) {
    if (file.startsWith(basename(path))) await rm(join(dir, file), { force: true });
  }
  await saveTrackState(path, state);
  await writeFile(path, '');
}

/** A whole fragment that waits to be appended, or that was. */
interface FragmentFile {
  index: number;
  path: string;
  bytes: number;
}

/** Of the track in `path`. Begun ones are not listed. */
export async function fragmentFiles(path: string): Promise<FragmentFile[]> {
  const found: FragmentFile[] = [];
  for (const name of await readdir(dirname(path))) {
    const index = name.startsWith(`${basename(path)}.`)
      ? /^\d+$/.exec(name.slice(basename(path).length + 1))
      : null;
    if (index === null) continue;
    const file = join(dirname(path), name);
    found.push({ index: Number(index[0]), path: file, bytes: (await stat(file)).size });
  }
  return found.sort((a, b) => a.index - b.index);
}

export function fragmentPath(path: string, index: number): string {
  return `${path}.${index}`;
}
