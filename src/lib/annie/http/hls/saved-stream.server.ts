/** Whether a server still has the stream whose fragments are on the disk: one of them is compared with the server's. */
import { readAt } from '../../../files/read-at.server.ts';
import { fragmentAt, type Fragments } from '../../../foreign/playlist/fragments.ts';
import type { FragmentSources } from './fragment-sources.ts';
import type { FragmentFetcher } from './fragment.server.ts';
import { fragmentFiles, type TrackState } from './track-state.server.ts';

/** Of the last fragment on the disk, these are compared with the server's; all of it if the addresses are others. */
const COMPARED_BYTES = 64 * 1024;
const MAX_COMPARED_BYTES = 8 * 1024 * 1024;

interface SavedStream {
  /** Of the track. */
  path: string;
  state: TrackState;
  fragments: Fragments;
  /** Its addresses are the same, but for their queries. */
  isSameAddress: boolean;
}

/** Bytes that are on the disk, of one fragment. */
interface SavedFragment {
  index: number;
  path: string;
  /** Where it begins in `path`. */
  start: number;
  bytes: number;
  /** Bytes of the fragment before these. */
  skipped: number;
}

/**
 * `unknown`: there is no fragment to compare.
 * @throws as `FragmentFetcher.fetch`
 */
export async function compareSavedStream(
  stream: SavedStream,
  fetcher: FragmentFetcher,
  sources: FragmentSources,
): Promise<'same' | 'other' | 'unknown'> {
  const saved = await lastSaved(stream);
  if (saved === null) return 'unknown';
  const { path, start, bytes, skipped } = saved;
  const compared = Math.min(bytes, stream.isSameAddress ? COMPARED_BYTES : MAX_COMPARED_BYTES);
  const head = await readAt(path, start, compared);
  const isSame = await sources.run(saved.index, (fragment) =>
    fetcher.startsWith(fragment, head, compared < bytes, skipped),
  );
  return isSame ? 'same' : 'other';
}

/** The last fragment in the track, else one that waits to be appended; null = none. */
async function lastSaved({ path, state, fragments }: SavedStream): Promise<SavedFragment | null> {
  const last = state.fragments - 1;
  const inTrack = {
    ...{ index: last, path, start: state.bytes - state.lastBytes, bytes: state.lastBytes },
    skipped: state.lastSkipped,
  };
  const waiting = (await fragmentFiles(path)).filter(({ index }) => index > last);
  for (const { index, ...place } of [
    inTrack,
    ...waiting.map((file) => ({ ...file, start: 0, skipped: 0 })),
  ]) {
    if (index < 0 || index >= fragments.count) continue;
    const fragment = fragmentAt(fragments, index);
    // the initialisation parts of many streams are alike
    if (fragment.durationSeconds > 0 || index > 0) return { index, ...place };
  }
  return null;
}
