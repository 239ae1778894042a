/**
 * Fetches all fragments of one media playlist into one file, in order. A few are fetched at a time, each into its own file;
 * the next in order is appended, and then the new length is saved. A kill at any moment costs the fragments in flight.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { fragmentAt, type Fragments, secondsOf } from '../../../foreign/playlist/fragments.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import type { FragmentFetcher } from './fragment.server.ts';

/** Fragments in flight. Enough to hide round trips; more would load the server. */
const CONCURRENCY = 4;

const TrackState = v.object({
  version: v.literal(1),
  fingerprint: v.string(),
  /** Fragments that are in the file. */
  fragments: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Length of the file with them. */
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
type TrackState = v.InferOutput<typeof TrackState>;

export interface TrackJob {
  workDir: string;
  /** `video` or `audio`. */
  name: string;
  fragments: Fragments;
  /** Id of the rendition, so that bytes of two are never mixed. */
  rendition: string;
  fetcher: FragmentFetcher;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
  /** More fragments are complete, now or from an earlier attempt; their length in s. */
  onFragments: (seconds: number) => void;
}

/** @returns the path of the joined file. @throws SluiceError as FragmentFetcher, `disk_*`; the signal's reason */
export async function fetchTrack(job: TrackJob): Promise<string> {
  const { workDir, name, fragments, fetcher, onBytes, onFragments } = job;
  const path = join(workDir, `hls-${name}`);
  const fragmentPath = (index: number): string => `${path}.${index}`;
  const state = await resume(job, path);
  onBytes(state.bytes);
  onFragments(secondsOf(fragments, state.fragments));
  const ready = new Set<number>();
  let next = state.fragments;
  let appending: Promise<void> = Promise.resolve();
  let failed = false;

  async function append(): Promise<void> {
    while (ready.has(state.fragments)) {
      const index = state.fragments;
      state.bytes = await appendAt(path, state.bytes, fragmentPath(index));
      state.fragments = index + 1;
      await saveState(path, state);
      ready.delete(index);
      await rm(fragmentPath(index), { force: true });
    }
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

  try {
    const workers = Array.from({ length: CONCURRENCY }, () =>
      fetchNext().catch((thrown: unknown) => {
        failed = true;
        throw thrown;
      }),
    );
    const results = await Promise.allSettled(workers);
    job.signal.throwIfAborted();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  } catch (thrown) {
    job.signal.throwIfAborted();
    throw toDiskError(thrown);
  }
  return path;
}

async function resume({ workDir, name, fragments, rendition }: TrackJob, path: string): Promise<TrackState> {
  const fingerprint = `${rendition} ${fragments.fingerprint}`;
  try {
    const saved = v.safeParse(TrackState, JSON.parse(await readFile(`${path}.json`, 'utf8')));
    if (
      saved.success &&
      saved.output.fingerprint === fingerprint &&
      saved.output.fragments <= fragments.count
    ) {
      const size = await sizeIfThere(path);
      if (size !== null && size >= saved.output.bytes) return saved.output;
    }
  } catch {
    // nothing to resume
  }
  for (const file of await readdir(workDir).catch(() => [])) {
    if (file.startsWith(`hls-${name}`)) await rm(join(workDir, file), { force: true });
  }
  const fresh: TrackState = { version: 1, fingerprint, fragments: 0, bytes: 0 };
  await saveState(path, fresh);
  await writeFile(path, '');
  return fresh;
}

async function saveState(path: string, state: TrackState): Promise<void> {
  await writeFile(`${path}.json.new`, JSON.stringify(state));
  await rename(`${path}.json.new`, `${path}.json`);
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
