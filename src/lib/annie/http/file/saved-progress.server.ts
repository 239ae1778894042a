/**
 * Keeps what is saved of a file in step with its bytes while it is fetched. A kill costs what was received and not yet
 * written; a power cut what was not yet synced.
 */
import type { FileHandle } from 'node:fs/promises';
import { toDiskError } from '../../../files/disk-error.ts';
import { syncHandle } from '../../../files/sync.server.ts';
import { isSyncDue, syncOneAtATime } from '../../../files/sync-schedule.ts';
import type { SluiceError } from '../../../protocol/error.ts';
import { forgetState, forgetSynced, type SavedState, StateFile, withoutBytes } from './saved-state.server.ts';
import { missingBytes, type Segment, writtenBytes } from './segments.ts';

/**
 * How often the segments of several connections are saved. What was written since shows in the file itself, but for bytes
 * that are zero.
 */
const SAVE_EVERY_MS = 200;
/** Where the file shows nothing, as after a power cut: twice as many lines for half of the loss. */
const SAVE_EXACT_EVERY_MS = 100;
/** Less is fetched again sooner than it is synced. */
const SYNC_FROM_BYTES = 1024 * 1024;

interface SavedProgressOptions {
  workDir: string;
  handle: FileHandle;
  /** Change while the file is fetched. */
  segments: readonly Segment[];
  /** Null = nothing can be resumed, and nothing is saved. */
  version: Omit<SavedState, 'segments' | 'grows'> | null;
  /** The server serves ranges: bytes are kept. Else only the version is. */
  keepsBytes: boolean;
  /** As `SavedState.grows`. */
  grows: boolean;
  /** What is saved already describes these segments. */
  isSaved: boolean;
  /** A sync failed: nothing that was written since the last one can be trusted. */
  onSyncFailed: (error: SluiceError) => void;
}

export class SavedProgress {
  readonly #options: SavedProgressOptions;
  readonly #state: StateFile;
  readonly #synced: StateFile;
  /** Segments that are saved, with the bytes that they had then or more. */
  #saved: ReadonlySet<Segment>;
  #grows: boolean;
  #savedMs = performance.now();
  #savedBytes: number;
  #syncedMs = performance.now();
  #syncedBytes = 0;
  #saving: Promise<void> = Promise.resolve();
  /** Waiting for its turn, or running. */
  #isSyncing = false;
  #runningSync: Promise<void> = Promise.resolve();
  #hasEnded = false;
  /** Of a sync; nothing is saved or trusted any more. */
  #failure: SluiceError | null = null;

  constructor(options: SavedProgressOptions) {
    const { workDir, segments, grows, isSaved } = options;
    this.#options = options;
    this.#grows = grows;
    this.#state = new StateFile(workDir);
    this.#synced = new StateFile(workDir, { isSynced: true });
    this.#saved = new Set(isSaved ? segments : []);
    this.#savedBytes = writtenBytes(segments);
  }

  /**
   * To be awaited before a segment's first byte is written, as what is saved would not describe it.
   * @throws SluiceError `disk_*`
   */
  async beforeFirstWrite(segment: Segment): Promise<void> {
    const { segments } = this.#options;
    if (this.#saved.has(segment)) return;
    if (segments.length > 1) return this.#save();
    // Of a file that is complete with this write nothing is left to fetch; nearly all small files are.
    if (missingBytes(segment) === 0) return;
    // A state that cannot be saved now only costs bytes later; a full disk shows up in the body's own writes.
    await this.#save().catch(() => undefined);
  }

  /** Called a few times a second. */
  tick(nowMs: number): void {
    const { segments, keepsBytes, version } = this.#options;
    if (version === null || !keepsBytes || this.#failure !== null) return;
    const bytes = writtenBytes(segments);
    const everyMs = this.#grows ? SAVE_EVERY_MS : SAVE_EXACT_EVERY_MS;
    const hasSeveral = segments.length > 1 || this.#saved.size > 1;
    if (hasSeveral && bytes !== this.#savedBytes && nowMs - this.#savedMs >= everyMs) {
      this.#save().catch(() => undefined);
    }
    const isDue = isSyncDue(bytes - this.#syncedBytes, nowMs - this.#syncedMs, SYNC_FROM_BYTES);
    if (!isDue || this.#isSyncing) return;
    this.#syncedMs = nowMs;
    this.#isSyncing = true;
    void syncOneAtATime(() => (this.#runningSync = this.#sync())).finally(() => (this.#isSyncing = false));
  }

  /** Some bytes in the file are not what the segments say: it shows nothing any more. @throws SluiceError `disk_*` */
  async distrustFile(): Promise<void> {
    if (this.#options.version === null) return;
    this.#grows = false;
    await this.#runningSync;
    // The file of its notes is removed with its name.
    await this.#synced.close();
    await forgetSynced(this.#options.workDir);
    this.#syncedBytes = 0;
    await this.#save();
  }

  /**
   * To be called once nothing is written any more; saves what the next attempt needs.
   * @throws SluiceError `disk_*` for a complete file of which a sync failed: a second one would succeed without its bytes
   */
  async end({ isComplete }: { isComplete: boolean }): Promise<void> {
    const { segments, workDir } = this.#options;
    this.#hasEnded = true;
    await this.#saving;
    await this.#runningSync;
    if (this.#failure !== null) await forgetState(workDir).catch(() => undefined);
    else if (this.#needsLast(segments, isComplete)) await this.#save().catch(() => undefined);
    await this.#state.close();
    await this.#synced.close();
    if (isComplete && this.#failure !== null) throw this.#failure;
  }

  /** Of one segment the file itself shows the rest. */
  #needsLast(segments: readonly Segment[], isComplete: boolean): boolean {
    if (segments.length > 1) return this.#options.keepsBytes;
    return !isComplete && !segments.every((each) => this.#saved.has(each));
  }

  #save(): Promise<void> {
    const saving = this.#saving.then(() => this.#saveNow());
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async #saveNow(): Promise<void> {
    const state = this.#current();
    if (state === null) return;
    const segments = [...this.#options.segments];
    this.#savedMs = performance.now();
    this.#savedBytes = writtenBytes(segments);
    await this.#state.save(state);
    this.#saved = new Set(segments);
  }

  #current(): SavedState | null {
    const { version, segments, keepsBytes } = this.#options;
    if (version === null) return null;
    const { totalBytes } = version;
    const state: SavedState = {
      ...version,
      segments: segments.map(({ start, end, written }) => [start, end ?? totalBytes, written]),
    };
    if (!keepsBytes) return withoutBytes(state);
    return this.#grows ? { ...state, grows: true } : state;
  }

  /** Never rejects. */
  async #sync(): Promise<void> {
    if (this.#hasEnded || this.#failure !== null) return;
    const state = this.#current();
    const bytes = writtenBytes(this.#options.segments);
    try {
      await syncHandle(this.#options.handle, 'datasync');
      if (state !== null) await this.#noteSynced(state);
      this.#syncedBytes = bytes;
    } catch (thrown) {
      // The kernel has marked these pages clean: a second sync would succeed without them.
      this.#failure = toDiskError(thrown);
      this.#options.onSyncFailed(this.#failure);
    }
  }

  async #noteSynced({ grows: _, ...state }: SavedState): Promise<void> {
    try {
      await this.#synced.save(state);
    } catch (thrown) {
      // Without room for a note the one before still holds.
      if (toDiskError(thrown).code !== 'disk_full') throw thrown;
    }
  }
}
