/**
 * Fetches all fragments of one media playlist into one file, in order. A few are fetched at a time, each into its own file;
 * the next in order is appended, and then the new length is saved. A kill at any moment costs the fragments in flight.
 */
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fragmentAt, type Fragments, secondsOf } from '../../../foreign/playlist/fragments.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import { FileChanged, type SeenFile } from './fragment-place.ts';
import type { FragmentFetcher } from './fragment.server.ts';
import {
  freshState,
  loadTrackState,
  MAX_SAVED_FILES,
  readSaved,
  savedFragment,
  saveTrackState,
  startTrackOver,
  type TrackState,
} from './track-state.server.ts';

/** Fragments in flight. Enough to hide round trips; more would load the server. */
const CONCURRENCY = 4;
/** A file that changes more often than this while it is fetched is given up. */
const MAX_STARTS = 3;
/** Of the last fragment on the disk, these are compared with the server's; all of it if the addresses are others. */
const COMPARED_BYTES = 64 * 1024;
const MAX_COMPARED_BYTES = 8 * 1024 * 1024;

export interface TrackJob {
  workDir: string;
  /** `video` or `audio`. */
  name: string;
  fragments: Fragments;
  /** Id of the rendition, so that bytes of two are never mixed. */
  rendition: string;
  fetcher: FragmentFetcher;
  signal: AbortSignal;
  /** Negative when bytes are discarded. */
  onBytes: (bytes: number) => void;
  /** More fragments are complete, now or from an earlier attempt; their length in s. Negative when they are discarded. */
  onFragments: (seconds: number) => void;
}

/**
 * @returns the path of the joined file
 * @throws SluiceError as FragmentFetcher, `file_changed`, `disk_*`; the signal's reason
 */
export async function fetchTrack(job: TrackJob): Promise<string> {
  const { workDir, name, fragments, rendition, fetcher, onBytes, onFragments } = job;
  const path = join(workDir, `hls-${name}`);
  const fresh = freshState(fragments, rendition);
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
      const state = starts === 1 ? await resume(job, path, fresh) : null;
      if (state === null) await startTrackOver(path, fresh);
      // Servers behind one name may hold different versions: a single connection gets one of them.
      await fetchMissing(counting, path, structuredClone(state ?? fresh), starts === 1 ? CONCURRENCY : 1);
      return path;
    } catch (thrown) {
      job.signal.throwIfAborted();
      if (!(thrown instanceof FileChanged)) throw toDiskError(thrown);
      if (starts === MAX_STARTS) throw new SluiceError('file_changed');
      onBytes(-bytes);
      onFragments(-seconds);
      fetcher.forgetSeen();
    }
  }
}

/** The saved state, if the server still has the film whose fragments are on the disk; null = start over. */
async function resume(job: TrackJob, path: string, fresh: TrackState): Promise<TrackState | null> {
  const { fragments, fetcher } = job;
  const state = await loadTrackState(path, fresh.fingerprint);
  if (state === null) return null;
  for (const [index, seen] of state.files) fetcher.recordSeen(fragmentAt(fragments, index).url, seen);
  const saved = await savedFragment(path, state);
  const fragment = saved && saved.index < fragments.count ? fragmentAt(fragments, saved.index) : null;
  // the initialisation parts of many films are alike
  if (!saved || !fragment || (state.fragments === 1 && fragment.durationSeconds === 0)) return null;
  const isSameAddress = state.addresses === fresh.addresses;
  const bytes = await readSaved(saved, isSameAddress ? COMPARED_BYTES : MAX_COMPARED_BYTES);
  if (!(await fetcher.startsWith(fragment, bytes))) throw new FileChanged();
  return { ...state, addresses: fresh.addresses };
}

async function fetchMissing(
  job: TrackJob,
  path: string,
  state: TrackState,
  concurrency: number,
): Promise<void> {
  const { fragments, fetcher, onBytes, onFragments } = job;
  const fragmentPath = (index: number): string => `${path}.${index}`;
  onBytes(state.bytes);
  onFragments(secondsOf(fragments, state.fragments));
  const ready = new Set<number>();
  let next = state.fragments;
  let appending: Promise<void> = Promise.resolve();
  let failed = false;

  async function append(): Promise<void> {
    while (ready.has(state.fragments)) {
      const index = state.fragments;
      const before = state.bytes;
      state.bytes = await appendAt(path, before, fragmentPath(index));
      state.lastBytes = state.bytes - before;
      state.fragments = index + 1;
      recordFile(index);
      await saveTrackState(path, state);
      ready.delete(index);
      await rm(fragmentPath(index), { force: true });
    }
  }

  function recordFile(index: number): void {
    const { url, range } = fragmentAt(fragments, index);
    const seen = range === null ? null : fetcher.seenAt(url);
    if (seen === null) return;
    const others = state.files.filter(([saved]) => fragmentAt(fragments, saved).url !== url);
    state.files = [...others, [index, seen] satisfies [number, SeenFile]].slice(-MAX_SAVED_FILES);
  }

  async function fetchNext(): Promise<void> {
    while (next < fragments.count && !failed) {
      const index = next++;
      const fragment = fragmentAt(fragments, index);
      const size = await sizeIfThere(fragmentPath(index));
      if (size !== null) onBytes(size);
      else await fetcher.fetch(fragment, fragmentPath(index), onBytes);
      ready.add(index);
      onFragments(fragment.durationSeconds);
      await (appending = appending.then(append));
    }
  }

  const workers = Array.from({ length: concurrency }, () =>
    fetchNext().catch((thrown: unknown) => {
      failed = true;
      throw thrown;
    }),
  );
  const results = await Promise.allSettled(workers);
  job.signal.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Appends at `length`, and removes what a killed attempt left behind it. @returns the new length */
async function appendAt(path: string, length: number, from: string): Promise<number> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(length);
    let at = length;
    for await (const chunk of createReadStream(from, {
      highWaterMark: 1024 * 1024,
    }) as AsyncIterable<Buffer>) {
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at + done);
        done += bytesWritten;
      }
      at += chunk.length;
    }
    return at;
  } finally {
    await handle.close();
  }
}

async function sizeIfThere(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  );
}
