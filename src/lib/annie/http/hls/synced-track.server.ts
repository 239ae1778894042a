/**
 * What of a track was synced: a note beside its state, itself synced. After a power cut, and after a sync that failed, only
 * this is trusted. Files are named by inode and birth, as a name may by then be that of a newer file.
 */
import { readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { bootId } from '../../../files/boot-id.server.ts';
import { errnoOf } from '../../../files/disk-error.ts';
import { parseJsonAs } from '../../../files/parse-json.ts';
import { inodeKey } from '../../../files/inode-key.ts';
import { type SyncPath } from '../../../files/sync.server.ts';
import { replaceFile } from '../../../files/replace-file.server.ts';
import { writeAgain } from '../../../files/write-again.server.ts';
import { PART_SUFFIX, PartNote } from './fragment-part.server.ts';
import { fragmentFiles, fragmentPath, saveTrackState, TrackState } from './track-state.server.ts';

const Bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
const SyncedFragment = v.object({
  index: Bytes,
  file: v.string(),
  bytes: Bytes,
  /** Null = it is whole. */
  note: v.nullable(PartNote),
});
export type SyncedFragment = v.InferOutput<typeof SyncedFragment>;

const SyncedTrack = v.object({
  version: v.literal(1),
  file: v.string(),
  ...v.pick(TrackState, ['fingerprint', 'addresses', 'fragments', 'bytes', 'lastBytes', 'files']).entries,
  ...v.pick(TrackState, ['lastSkipped', 'played', 'mp4']).entries,
  /** Those that are not in the track. */
  others: v.array(SyncedFragment),
});
export type SyncedTrack = v.InferOutput<typeof SyncedTrack>;

/** A file, whatever its name is. */
interface TrackIdentity {
  /** Inode and birth. */
  file: string;
  bytes: number;
}

/** Null = there is no such file. */
export async function identify(path: string): Promise<TrackIdentity | null> {
  try {
    const found = await stat(path, { bigint: true });
    return { file: inodeKey(found), bytes: Number(found.size) };
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

/** Puts the note on the disk, and the names of all files that it is about. @throws the errno of the disk */
export async function writeSyncedTrack(path: string, synced: SyncedTrack, syncPath: SyncPath): Promise<void> {
  await replaceFile(notePath(path), JSON.stringify(synced), { synced: 'contents' });
  await syncPath(dirname(path), 'sync');
}

/** Null = none, or one that cannot be read. @throws the errno of the disk */
export async function readSyncedTrack(path: string): Promise<SyncedTrack | null> {
  let text: string;
  try {
    text = await readFile(notePath(path), 'utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
  return parseJsonAs(SyncedTrack, text);
}

/**
 * Cuts a track and its fragments back to what was synced, if they are of a playlist of this shape.
 * @returns the state, saved; null = nothing to resume
 * @throws the errno of the disk
 */
export async function restoreSyncedTrack(path: string, fingerprint: string): Promise<TrackState | null> {
  const synced = await readSyncedTrack(path);
  if (synced === null || synced.fingerprint !== fingerprint || synced.lastBytes > synced.bytes) return null;
  const track = await identify(path);
  if (track === null || track.file !== synced.file || track.bytes < synced.bytes) return null;
  await truncate(path, synced.bytes);
  const parts: TrackState['parts'] = [];
  const kept = new Set<string>();
  for (const { index, file, bytes, note } of synced.others) {
    const whole = fragmentPath(path, index);
    const name = note === null ? whole : whole + PART_SUFFIX;
    for (const found of [whole, whole + PART_SUFFIX]) {
      const now = await identify(found);
      if (now === null || now.file !== file || now.bytes < bytes) continue;
      await truncate(found, bytes);
      await rename(found, name);
      kept.add(name);
      if (note !== null) parts.push([index, note]);
    }
  }
  for (const fragment of await fragmentFiles(path)) if (!kept.has(fragment.path)) await rm(fragment.path);
  const { addresses, fragments, bytes, lastBytes, lastSkipped, played, mp4, files } = synced;
  const state: TrackState = {
    ...{ version: 2, boot: bootId(), fingerprint, addresses, fragments, bytes, lastBytes, files, parts },
    ...{ lastSkipped, played, mp4 },
  };
  await saveTrackState(path, state);
  return state;
}

/**
 * Before what an earlier process has left of a track is trusted in the boot that wrote it.
 * @throws the errno of the disk
 */
export async function writeTrackAgain(path: string, { parts }: Pick<TrackState, 'parts'>): Promise<void> {
  const synced = await readSyncedTrack(path);
  const syncedBytes = new Map(synced?.others.map(({ file, bytes }) => [file, bytes]));
  if (synced !== null) syncedBytes.set(synced.file, synced.bytes);
  const whole = (await fragmentFiles(path)).map((fragment) => fragment.path);
  const begun = parts.map(([index]) => fragmentPath(path, index) + PART_SUFFIX);
  for (const file of [path, ...whole, ...begun]) {
    const found = await identify(file);
    if (found !== null) await writeAgain(file, [[syncedBytes.get(found.file) ?? 0, found.bytes]]);
  }
}

function notePath(path: string): string {
  return `${path}.synced.json`;
}
