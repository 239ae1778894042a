/** The saved state of a track in a work dir: how many of its fragments are in the file, and what their servers reported. */
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { bootId } from '../../../files/boot-id.server.ts';
import { readAt } from '../../../files/read-at.server.ts';
import type { Fragments } from '../../../foreign/playlist/fragments.ts';

/** Of files with byte ranges. A playlist refers to a few at a time; the state is written after each fragment. */
export const MAX_SAVED_FILES = 8;

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Text = v.nullable(v.string());
const Seen = v.object({
  validators: v.object({ etag: Text, lastModified: Text, ifRange: Text }),
  totalBytes: v.nullable(Count),
});
const TrackState = v.object({
  version: v.literal(2),
  /** In which it was written: after another one no fragment is trusted, as none was synced. */
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
  /** What was reported of files with byte ranges, each with the index of a fragment in it. */
  files: v.array(v.tuple([Count, Seen])),
});
export type TrackState = v.InferOutput<typeof TrackState>;

/** Bytes that are on the disk, of one fragment. */
export interface SavedFragment {
  index: number;
  path: string;
  /** Where it begins in `path`. */
  start: number;
  bytes: number;
}

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
    ...{ fragments: 0, bytes: 0, lastBytes: 0, files: [] },
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
  await writeFile(`${path}.json.new`, JSON.stringify(state));
  await rename(`${path}.json.new`, `${path}.json`);
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

/** The last fragment in the track, else one that waits to be appended; null = none. */
export async function savedFragment(path: string, state: TrackState): Promise<SavedFragment | null> {
  const { fragments, bytes, lastBytes } = state;
  if (fragments > 0) return { index: fragments - 1, path, start: bytes - lastBytes, bytes: lastBytes };
  for (const file of await readdir(dirname(path)).catch(() => [])) {
    const index = /\.(\d+)$/.exec(file)?.[1];
    if (index === undefined || !file.startsWith(`${basename(path)}.`)) continue;
    const waiting = join(dirname(path), file);
    return { index: Number(index), path: waiting, start: 0, bytes: (await stat(waiting)).size };
  }
  return null;
}

/** @param maxBytes from its start */
export function readSaved({ path, start, bytes }: SavedFragment, maxBytes: number): Promise<Buffer> {
  return readAt(path, start, Math.min(bytes, maxBytes));
}
