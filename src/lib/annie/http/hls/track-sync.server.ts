/**
 * Syncs a track while it is fetched, each 64 MB or 10 s, and notes what is on the disk. The fragments that a note names
 * stay until a later one has them in the track.
 */
import { rm } from 'node:fs/promises';
import { errnoOf, toDiskError } from '../../../files/disk-error.ts';
import { SyncSchedule, syncOneAtATime } from '../../../files/sync-schedule.ts';
import { syncOnDisk, type SyncPath } from '../../../files/sync.server.ts';
import type { SluiceError } from '../../../protocol/error.ts';
import { PART_SUFFIX, type FragmentPart, type PartNote } from './fragment-part.server.ts';
import {
  identify,
  readSyncedTrack,
  type SyncedFragment,
  type SyncedTrack,
  writeSyncedTrack,
} from './synced-track.server.ts';
import { fragmentPath, type TrackState } from './track-state.server.ts';

const CHECK_EVERY_MS = 1_000;
/** Less than this at the end is not worth another sync: to fetch it again after a power cut costs less. */
const SYNC_AT_END_FROM_BYTES = 16 * 1024 * 1024;

/** What is there of a track at one moment. */
export interface TrackSnapshot {
  state: TrackState;
  /** Whole fragments that wait to be appended. */
  waiting: readonly number[];
  begun: readonly (readonly [index: number, part: FragmentPart])[];
}

export interface TrackSyncOptions {
  path: string;
  snapshot: () => TrackSnapshot;
  /** Called once. `isUnsynced`: what has arrived since the last note may be lost, although it can still be read. */
  onFailure: (error: SluiceError, isUnsynced: boolean) => void;
  /** A test can let it fail. */
  syncPath?: SyncPath;
  /** ms; a test can pass its own. */
  now?: () => number;
  /** ms; less in a test. */
  checkEveryMs?: number;
}

interface BegunFragment {
  index: number;
  part: FragmentPart;
  bytes: number;
  note: PartNote;
}

export class TrackSync {
  readonly #options: TrackSyncOptions;
  readonly #syncPath: SyncPath;
  readonly #now: () => number;
  readonly #schedule: SyncSchedule;
  readonly #timer: NodeJS.Timeout;
  /** Of the last note, and of one that is being written. */
  #named: ReadonlySet<number>;
  /** In the track, and to be removed once no note names them. */
  readonly #appended = new Set<number>();
  /** Files that do not change any more, and are on the disk. */
  readonly #syncedWhole = new Set<string>();
  #running: Promise<void> | null = null;
  #hasFailed = false;

  private constructor(options: TrackSyncOptions, named: ReadonlySet<number>) {
    this.#options = options;
    this.#syncPath = options.syncPath ?? syncOnDisk;
    this.#now = options.now ?? ((): number => performance.now());
    this.#named = named;
    this.#schedule = new SyncSchedule(this.#now());
    this.#timer = setInterval(() => this.#syncIfDue(), options.checkEveryMs ?? CHECK_EVERY_MS);
  }

  static async start(options: TrackSyncOptions): Promise<TrackSync> {
    const synced = await readSyncedTrack(options.path);
    return new TrackSync(options, new Set(synced?.others.map(({ index }) => index)));
  }

  /** Bytes have arrived. */
  add(bytes: number): void {
    this.#schedule.add(bytes);
    this.#syncIfDue();
  }

  /** Removes the file of a fragment that is in the track by now, as soon as no note names it. */
  async remove(index: number): Promise<void> {
    if (this.#named.has(index)) this.#appended.add(index);
    else await this.#removeFile(index);
  }

  /** Resolves when nothing is synced any more. @param isDone the track is whole */
  async stop({ isDone }: { isDone: boolean }): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    const isWorthIt = this.#schedule.unsyncedBytes >= SYNC_AT_END_FROM_BYTES || this.#appended.size > 0;
    if (isDone && isWorthIt) await this.#start();
  }

  #syncIfDue(): void {
    if (this.#schedule.isDue(this.#now())) void this.#start();
  }

  /** Never rejects. */
  #start(): Promise<void> {
    if (this.#hasFailed) return Promise.resolve();
    this.#running ??= syncOneAtATime(() => this.#sync())
      .catch((thrown: unknown) => this.#fail(thrown, false))
      .finally(() => (this.#running = null));
    return this.#running;
  }

  #fail(thrown: unknown, isUnsynced: boolean): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onFailure(toDiskError(thrown), isUnsynced);
  }

  async #sync(): Promise<void> {
    const { path, snapshot } = this.#options;
    this.#schedule.start(this.#now());
    const { state, waiting, begun } = snapshot();
    const { fingerprint, addresses, fragments, bytes, lastBytes, lastSkipped, played, mp4, files } = state;
    const track = { fingerprint, addresses, fragments, bytes, lastBytes, lastSkipped, played, mp4, files };
    const parts = begun.flatMap(([index, part]): BegunFragment[] =>
      part.note === null || part.bytes === 0 ? [] : [{ index, part, bytes: part.bytes, note: part.note }],
    );
    this.#named = new Set([...this.#named, ...waiting, ...parts.map(({ index }) => index)]);
    let synced: SyncedTrack | null;
    try {
      synced = await this.#syncFiles(track, waiting, parts);
    } catch (thrown) {
      this.#fail(thrown, true);
      return;
    }
    // somebody removed the track: the engine notices
    if (synced === null) return;
    await writeSyncedTrack(path, synced, this.#syncPath);
    this.#named = new Set(synced.others.map(({ index }) => index));
    for (const index of this.#appended) if (!this.#named.has(index)) await this.#removeFile(index);
  }

  async #syncFiles(
    track: Omit<SyncedTrack, 'version' | 'file' | 'others'>,
    waiting: readonly number[],
    parts: readonly BegunFragment[],
  ): Promise<SyncedTrack | null> {
    const { path } = this.#options;
    const others: SyncedFragment[] = [];
    for (const index of waiting) {
      const found = await this.#syncFile(fragmentPath(path, index), true);
      if (found !== null) others.push({ index, ...found, note: null });
    }
    for (const { index, part, bytes, note } of parts) {
      // it may have become whole meanwhile
      const found =
        (await this.#syncFile(part.path + PART_SUFFIX, false)) ?? (await this.#syncFile(part.path, true));
      // begun anew meanwhile: the file may be of another version
      if (found !== null && part.note === note) others.push({ index, file: found.file, bytes, note });
    }
    const found = await this.#syncFile(path, false);
    return found && { version: 1, file: found.file, ...track, others };
  }

  /** Null = there is no such file any more. @throws the errno of the sync */
  async #syncFile(path: string, isWhole: boolean): Promise<{ file: string; bytes: number } | null> {
    const found = await identify(path);
    if (found === null || this.#syncedWhole.has(found.file)) return found;
    try {
      await this.#syncPath(path, 'datasync');
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return null;
      throw thrown;
    }
    if (isWhole) this.#syncedWhole.add(found.file);
    return found;
  }

  async #removeFile(index: number): Promise<void> {
    this.#appended.delete(index);
    await rm(fragmentPath(this.#options.path, index), { force: true });
  }
}
