/** Downloads a direct file: opens it, decides which earlier bytes are still good, and fetches the missing ones. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import type { EngineJob } from '../../engine.ts';
import type { FetchedFile } from '../../../files/fetched-file.ts';
import type { Guard } from '../../../guard/guard.server.ts';
import type { HttpClient } from '../client.server.ts';
import { contentTypeOf, dispositionName, relationOf, type Version } from '../head.ts';
import type { ListedSizes } from '../listed-sizes.ts';
import { createMeter, type Meter } from '../meter.ts';
import { fileNameFor } from '../names.ts';
import { openFile, type OpenedFile } from './open-file.server.ts';
import {
  BODY_FILE,
  loadState,
  type SavedState,
  StateFile,
  startOver,
  withoutBytes,
} from './saved-state.server.ts';
import { nextFreeSegment, newSegment, receivedBytes, restoreSegments, type Segment } from './segments.ts';
import { isTailOf } from './tail-check.server.ts';
import { ReopenRequired, Transfer } from './transfer.server.ts';

const TICK_MS = 200;
const SAVE_EVERY_MS = 1000;
/** The segments of smaller files are saved only when interrupted: fetching one again takes less time than saving them. */
const SAVE_FROM_BYTES = 1024 * 1024;
/** A file that changes more often than this while it is fetched is given up. */
const MAX_STARTS = 3;
/** While each start gets further into the same version, more are allowed: its server fails only now and then. */
const MAX_FURTHER_STARTS = 20;

export { NotAFile } from './open-file.server.ts';

export interface FileOptions {
  client: HttpClient;
  guard: Guard;
  maxConnections: number;
  stallMs: number;
  syncAtEnd: boolean;
  /** Sizes found by look-ups. */
  listed?: ListedSizes;
  /** See `OpenRequest`. */
  sniffed?: { contentType: string | null };
}

export type FileJob = Pick<EngineJob, 'url' | 'workDir' | 'signal' | 'onSample' | 'onPhase' | 'onInfo'>;

/**
 * @throws NotAFile, SluiceError network codes, `remote_*`, `size_mismatch`, `file_changed`, `disk_*`; the signal's
 * reason
 */
export async function downloadFile(job: FileJob, options: FileOptions): Promise<FetchedFile> {
  const reported = options.listed?.get(job.url, performance.now()) ?? [];
  let strategy: Strategy = { reported, withoutRange: false, maxConnections: options.maxConnections };
  let furthestBytes = 0;
  for (let starts = 1, startsLeft = MAX_STARTS; ; starts++) {
    try {
      return await start(job, options, strategy);
    } catch (thrown) {
      if (!(thrown instanceof ReopenRequired)) throw thrown;
      const { failure, receivedBytes, withoutRange } = thrown;
      if (failure.code === 'remote_contradiction' && receivedBytes > furthestBytes) {
        furthestBytes = receivedBytes;
        startsLeft = MAX_STARTS;
      }
      if (--startsLeft === 0 || starts === MAX_FURTHER_STARTS) throw failure;
      // Servers behind one name may hold different versions: a single connection gets one of them.
      strategy = { reported, withoutRange, maxConnections: 1 };
    }
  }
}

interface Strategy {
  /** Versions reported by look-ups. */
  reported: readonly Version[];
  withoutRange: boolean;
  maxConnections: number;
}

async function start(job: FileJob, options: FileOptions, strategy: Strategy): Promise<FetchedFile> {
  const { url, workDir, signal } = job;
  const saved = await loadState(workDir, url);
  const restored = saved ? restoreSegments(saved.segments, saved.totalBytes) : null;
  if (saved && restored && nextFreeSegment(restored) === null) {
    job.onInfo({ totalBytes: saved.totalBytes });
    return { path: join(workDir, BODY_FILE), suggestedName: saved.name, bytes: saved.totalBytes };
  }
  const isKnown = saved !== null && restored !== null && saved.validators.ifRange !== null;
  const known = isKnown ? { version: saved, segments: restored } : null;
  const opened = await openFile({ ...options, ...strategy, url, signal, known });
  const { maxConnections } = strategy;
  return new FileDownload(job, { ...options, maxConnections }, opened).run(saved);
}

/** The download of a file that has been opened. */
class FileDownload {
  readonly #job: FileJob;
  readonly #options: FileOptions;
  readonly #opened: OpenedFile;
  readonly #segments: Segment[];
  readonly #name: string;
  /** Size in the saved state; null = no strong validator, so no state is saved. */
  readonly #savedBytes: number | null;
  readonly #resumable: boolean;
  readonly #stateFile: StateFile;
  readonly #meter: Meter;
  #savedMs = performance.now();
  #saving: Promise<void> = Promise.resolve();

  constructor(job: FileJob, options: FileOptions, opened: OpenedFile) {
    const { response, decision, kept } = opened;
    const { totalBytes, validators, mode } = decision;
    this.#job = job;
    this.#options = options;
    this.#opened = opened;
    this.#segments = kept ?? [newSegment(0, totalBytes)];
    const { contentType } = options.sniffed ?? { contentType: contentTypeOf(response.head) };
    this.#name = fileNameFor(response.url, dispositionName(response.head), contentType);
    this.#savedBytes = validators.ifRange === null ? null : totalBytes;
    this.#resumable = mode === 'ranged' && this.#savedBytes !== null;
    this.#stateFile = new StateFile(job.workDir);
    this.#meter = createMeter(receivedBytes(this.#segments), performance.now());
  }

  /** @param saved from an earlier attempt */
  async run(saved: SavedState | null): Promise<FetchedFile> {
    const { url, workDir, signal, onInfo, onSample } = this.#job;
    const { response, decision } = this.#opened;
    const { totalBytes, validators, mode } = decision;
    const disposition = dispositionName(response.head);
    onInfo({ ...(disposition === null ? {} : { title: disposition }), totalBytes });
    const handle = await this.#openBody(saved);
    const [segments, resumable, ranged] = [this.#segments, this.#resumable, mode === 'ranged'];
    const transfer = new Transfer({
      ...this.#options,
      ...{ url, handle, segments, totalBytes, validators, resumable, ranged, signal },
      onBytes: (nowMs) => this.#report(nowMs),
    });
    const timer = setInterval(() => this.#tick(transfer), TICK_MS);
    let isDone = false;
    try {
      await transfer.run(response);
      const bytes = receivedBytes(segments);
      if (totalBytes !== null && bytes !== totalBytes) throw new SluiceError('size_mismatch');
      if (mode === 'whole' && decision.partialBytes.includes(bytes)) throw contradiction(bytes, null);
      isDone = true;
      onSample(this.#meter.sample({ receivedBytes: bytes, totalBytes: bytes }, performance.now()));
      await keepModified(handle, validators.lastModified);
      if (this.#options.syncAtEnd) await sync(handle);
      return { path: join(workDir, BODY_FILE), suggestedName: this.#name, bytes };
    } finally {
      clearInterval(timer);
      await this.#saving;
      if (!isDone || this.#savesSegments) await this.#save().catch(() => {});
      await this.#stateFile.close();
      await handle.close();
    }
  }

  /** Large enough for saving the segments while they are fetched. */
  get #isLarge(): boolean {
    return this.#savedBytes !== null && this.#savedBytes >= SAVE_FROM_BYTES;
  }

  get #savesSegments(): boolean {
    return this.#isLarge && this.#resumable;
  }

  /** Opens the file for its body, after the saved state of bytes that will be overwritten is gone. */
  async #openBody(saved: SavedState | null): Promise<FileHandle> {
    const { response, decision, kept } = this.#opened;
    try {
      if (kept === null) {
        const isOther = saved !== null && relationOf(saved.validators, decision.validators) === 'other';
        if (saved !== null && !isOther) await this.#refuseTail(saved);
        await startOver(this.#job.workDir, this.#isLarge ? this.#state() : isOther ? null : saved);
      }
      return await open(join(this.#job.workDir, BODY_FILE), kept === null ? 'w' : 'r+');
    } catch (thrown) {
      response.discard();
      this.#job.signal.throwIfAborted();
      throw toDiskError(thrown);
    }
  }

  /** @throws SluiceError `remote_contradiction` for the tail of the saved file with the head of a whole one */
  async #refuseTail(saved: SavedState): Promise<void> {
    const { response, decision } = this.#opened;
    const { totalBytes: bytes } = decision;
    if (bytes === null || bytes >= saved.totalBytes) return;
    const { workDir, signal } = this.#job;
    if (await isTailOf(saved, bytes, response.body, workDir, signal)) throw contradiction(bytes, null);
  }

  #tick(transfer: Transfer): void {
    const nowMs = performance.now();
    transfer.tick(nowMs);
    this.#report(nowMs);
    if (!this.#savesSegments || nowMs - this.#savedMs < SAVE_EVERY_MS) return;
    this.#savedMs = nowMs;
    // a state that cannot be saved now only costs bytes later; a full disk shows up in the body's own writes
    this.#saving = this.#saving.then(() => this.#save()).catch(() => {});
  }

  #report(nowMs: number): void {
    const { totalBytes } = this.#opened.decision;
    const sample = this.#meter.update({ receivedBytes: receivedBytes(this.#segments), totalBytes }, nowMs);
    if (sample) this.#job.onSample(sample);
  }

  async #save(): Promise<void> {
    const state = this.#state();
    if (state !== null) await this.#stateFile.save(this.#resumable ? state : withoutBytes(state));
  }

  #state(): SavedState | null {
    const totalBytes = this.#savedBytes;
    if (totalBytes === null) return null;
    return {
      version: 1,
      url: this.#job.url,
      name: this.#name,
      totalBytes,
      validators: this.#opened.decision.validators,
      segments: this.#segments.map(({ start, end, written }) => [start, end ?? totalBytes, written]),
    };
  }
}

/** As curl -R and wget: the file is as old as on its server. */
async function keepModified(handle: FileHandle, lastModified: string | null): Promise<void> {
  const modifiedMs = Date.parse(lastModified ?? '');
  if (modifiedMs > 0 && modifiedMs <= Date.now())
    await handle.utimes(new Date(), new Date(modifiedMs)).catch(() => {});
}

async function sync(handle: FileHandle): Promise<void> {
  try {
    await handle.datasync();
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}
