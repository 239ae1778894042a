/**
 * Fetches all fragments of one media playlist into one file, in order. A few are fetched at a time, each into its own file;
 * the next in order is appended, and then the new length is saved. A kill at any moment costs what was not yet written.
 */
import { join } from 'node:path';
import { fragmentAt } from '../../../foreign/playlist/fragments.ts';
import { SluiceError, toSluiceError } from '../../../protocol/error.ts';
import { asDiskError } from '../../../files/disk-error.ts';
import { FileChanged } from './fragment-place.ts';
import { FragmentSources } from './fragment-sources.ts';
import { compareSavedStream } from './saved-stream.server.ts';
import { restoreSyncedTrack, writeTrackAgain } from './synced-track.server.ts';
import { TrackFetch } from './track-fetch.server.ts';
import type { TrackJob } from './track-job.ts';
import { freshState, loadTrackState, startTrackOver, type TrackState } from './track-state.server.ts';

/** Fragments in flight. Enough to hide round trips; more would load the server. */
const CONCURRENCY = 4;
/** A file that changes more often than this while it is fetched is given up. */
const MAX_STARTS = 3;

/**
 * @returns the path of the joined file
 * @throws SluiceError as FragmentFetcher, `file_changed`, `disk_*`; the signal's reason
 */
export async function fetchTrack(job: TrackJob): Promise<string> {
  const { workDir, name, fragments, rendition, fetcher, onBytes, onFragments } = job;
  const path = join(workDir, `hls-${name}`);
  const fresh = freshState(fragments, rendition);
  const sources = new FragmentSources(fragments, job.backups);
  for (let starts = 1; ; starts++) {
    let [bytes, seconds] = [0, 0];
    const counting: TrackJob = {
      ...job,
      onBytes(more) {
        bytes += more;
        onBytes(more);
      },
      onFragments(more) {
        seconds += more;
        onFragments(more);
      },
    };
    try {
      const state = starts === 1 ? await resume(job, path, fresh, sources) : null;
      if (state === null) await startTrackOver(path, fresh);
      const track = new TrackFetch(counting, path, sources, structuredClone(state ?? fresh));
      // Servers behind one name may hold different versions: a single connection gets one of them.
      await track.run(starts === 1 ? CONCURRENCY : 1);
      return path;
    } catch (thrown) {
      job.signal.throwIfAborted();
      if (!(thrown instanceof FileChanged)) throw asDiskError(thrown) ?? toSluiceError(thrown);
      if (starts === MAX_STARTS) throw new SluiceError('file_changed');
      onBytes(-bytes);
      onFragments(-seconds);
      fetcher.forgetSeen();
    }
  }
}

/** The saved state, if the server still has the stream whose fragments are on the disk; null = start over. */
async function resume(
  job: TrackJob,
  path: string,
  fresh: TrackState,
  sources: FragmentSources,
): Promise<TrackState | null> {
  const { fragments, fetcher } = job;
  const { fingerprint, addresses } = fresh;
  const current = await loadTrackState(path, fingerprint);
  if (current !== null) await writeTrackAgain(path, current);
  const state = current ?? (await restoreSyncedTrack(path, fingerprint));
  if (state === null) return null;
  // A portal's page is not another stream, for which the bytes on the disk would be dropped.
  fetcher.hasMedia ||= state.bytes > 0;
  for (const [index, seen] of state.files) {
    const { url, range } = fragmentAt(fragments, index);
    if (range !== null) fetcher.recordSeen(url, seen);
  }
  for (const [index, { url: from, seen }] of state.parts) {
    const { url, range } = fragmentAt(fragments, index);
    // A backup host has a version of its own.
    if (range !== null && withoutQuery(from) === withoutQuery(url)) fetcher.recordSeen(url, seen);
  }
  const isSameAddress = state.addresses === addresses;
  const compared = await compareSavedStream({ path, state, fragments, isSameAddress }, fetcher, sources);
  if (compared === 'other') throw new FileChanged();
  // each begun fragment is compared by itself
  const isComparable = compared === 'same' || (isSameAddress && state.parts.length > 0);
  return isComparable ? { ...state, addresses } : null;
}

/** Queries hold signatures, which change. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
