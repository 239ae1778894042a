/** Downloads a direct file: opens it, decides which earlier bytes are still good, and fetches the missing ones. */
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import type { EngineJob } from '../../engine.ts';
import { syncHandle } from '../../../files/sync.server.ts';
import type { FetchedFile } from '../../../files/fetched-file.ts';
import type { Guard } from '../../../guard/guard.server.ts';
import type { HttpClient } from '../client/client.server.ts';
import {
  contentTypeOf,
  dispositionName,
  parseHttpDate,
  relationOf,
  type Version,
  offersRanges,
} from '../head/head.ts';
import type { FirstAnswers } from '../memory/first-answers.server.ts';
import type { ListedSizes } from '../memory/listed-sizes.ts';
import { createMeter, type Meter } from '../meter.ts';
import { fileNameFor } from '../head/names.ts';
import { openFile, type OpenedResponse } from './open-file.server.ts';
import { ReopenRequired } from './reopen-required.ts';
import { SavedProgress } from './saved-progress.server.ts';
import {
  BODY_FILE,
  hasState,
  loadState,
  type SavedState,
  startOver,
  writeAgainUnsynced,
} from './saved-state.server.ts';
import { otherBytes } from './seam.server.ts';
import { nextFreeSegment, newSegment, receivedBytes, restoreSegments, type Segment } from './segments.ts';
import { isTailOf } from './tail-check.server.ts';
import { Transfer } from './transfer.server.ts';

/** Half of what a kill may cost: bytes that have waited are written at a tick if no more come. */
const TICK_MS = 100;
/** A body that stands still is reported at every second tick, which shows that its speed falls. */
const REPORT_EVERY_MS = 150;
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
  /** See `OpenRequest`. `isDefault`: unless its head names a type. */
  sniffed?: { contentType: string | null; isDefault?: true };
  answers?: FirstAnswers;
}

type FileJob = Pick<EngineJob, 'url' | 'workDir' | 'signal' | 'onSample' | 'onBytes' | 'onPhase' | 'onInfo'> &
  Partial<Pick<EngineJob, 'onOutput' | 'openExtra'>>;

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
  const { url, workDir, signal, onBytes: onOtherBytes } = job;
  const isFresh = !(await hasState(workDir));
  const saved = isFresh ? null : await loadState(workDir, url);
  if (saved) await writeAgainUnsynced(workDir, saved);
  const restored = saved ? restoreSegments(saved.segments, saved.totalBytes) : null;
  if (saved && restored && nextFreeSegment(restored) === null) {
    job.onInfo({ totalBytes: saved.totalBytes });
    return { path: join(workDir, BODY_FILE), suggestedName: saved.name, bytes: saved.totalBytes };
  }
  const known = saved && restored ? { version: saved, segments: restored } : null;
  try {
    const opened = await openFile({ ...options, ...strategy, url, workDir, signal, onOtherBytes, known });
    const { maxConnections } = strategy;
    const download = new FileDownload(job, { ...options, maxConnections }, opened);
    return await download.run({ saved, isFresh });
  } catch (thrown) {
    if (isOtherBytes(thrown)) await startOver(workDir, null);
    throw thrown;
  }
}

/** Not while the file is fetched: that is found out when it is opened again. */
function isOtherBytes(thrown: unknown): boolean {
  return thrown instanceof SluiceError && thrown.code === 'file_changed';
}

/** What earlier attempts left. */
interface Earlier {
  saved: SavedState | null;
  /** Nothing at all. */
  isFresh: boolean;
}

/** The download of a file that has been opened. */
class FileDownload {
  readonly #job: FileJob;
  readonly #options: FileOptions;
  readonly #opened: OpenedResponse;
  readonly #segments: Segment[];
  readonly #name: string;
  /** The version that is saved; null = nothing could say later that it is the same. */
  readonly #version: Omit<SavedState, 'segments'> | null;
  readonly #resumable: boolean;
  readonly #keepsState: boolean;
  readonly #meter: Meter;
  #reportedMs = -Infinity;

  constructor(job: FileJob, options: FileOptions, opened: OpenedResponse) {
    const { response, decision, kept } = opened;
    const { totalBytes, validators, mode } = decision;
    this.#job = job;
    this.#options = options;
    this.#opened = opened;
    this.#segments = kept ?? [newSegment(0, totalBytes)];
    const { sniffed } = options;
    const declared = contentTypeOf(response.head);
    const isDeclared = sniffed === undefined || (sniffed.isDefault === true && declared !== null);
    const contentType = isDeclared ? declared : sniffed.contentType;
    this.#name = fileNameFor(response.url, dispositionName(response.head), contentType);
    const isSaved = totalBytes !== null && (validators.ifRange !== null || mode === 'ranged');
    const { url } = job;
    this.#version = isSaved ? { version: 1, url, name: this.#name, totalBytes, validators } : null;
    this.#resumable = mode === 'ranged' && isSaved;
    this.#keepsState = this.#resumable || (isSaved && offersRanges(response.head));
    this.#meter = createMeter(receivedBytes(this.#segments), performance.now());
  }

  async run(earlier: Earlier): Promise<FetchedFile> {
    const { url, workDir, signal, openExtra, onInfo, onSample, onBytes: onOtherBytes } = this.#job;
    const { response, decision } = this.#opened;
    const { totalBytes, validators, mode } = decision;
    const disposition = dispositionName(response.head);
    const resumes = this.#keepsState;
    onInfo({ ...(disposition === null ? {} : { title: disposition }), totalBytes, resumes });
    const handle = await this.#openBody(earlier);
    const [segments, resumable, ranged] = [this.#segments, this.#resumable, mode === 'ranged'];
    const progress = this.#progressOf(handle, earlier, (error) => transfer.fail(error));
    const transfer: Transfer = new Transfer({
      ...this.#options,
      ...{ url, workDir, handle, segments, totalBytes, validators, resumable, ranged, signal },
      ...{ onOtherBytes, openExtra },
      onBytes: (nowMs) => this.#report(nowMs),
      beforeFirstWrite: (segment) => progress.beforeFirstWrite(segment),
      distrustFile: () => progress.distrustFile(),
    });
    const timer = setInterval(() => this.#tick(transfer, progress), TICK_MS);
    let isComplete = false;
    try {
      await transfer.run(response);
      const bytes = receivedBytes(segments);
      if (totalBytes !== null && bytes !== totalBytes) throw new SluiceError('size_mismatch');
      if (mode === 'whole' && decision.partialBytes.includes(bytes)) throw contradiction(bytes, null);
      isComplete = true;
      onSample(this.#meter.sample({ receivedBytes: bytes, totalBytes: bytes }, performance.now()));
      await keepModified(handle, validators.lastModified);
      if (this.#options.syncAtEnd) await sync(handle);
      return { path: join(workDir, BODY_FILE), suggestedName: this.#name, bytes };
    } finally {
      clearInterval(timer);
      await progress.end({ isComplete }).finally(() => handle.close());
    }
  }

  #progressOf(
    handle: FileHandle,
    { saved }: Earlier,
    onSyncFailed: (error: SluiceError) => void,
  ): SavedProgress {
    const { workDir } = this.#job;
    const isKept = this.#keepsBytes;
    const hasGrown = isKept && saved?.grows === true;
    return new SavedProgress({
      ...{ workDir, handle, segments: this.#segments, version: this.#version },
      keepsBytes: this.#keepsState,
      // `#openBody` has emptied the file, or cut it behind its one segment.
      grows: !isKept || hasGrown || this.#segments.length === 1,
      isSaved: hasGrown,
      onSyncFailed,
    });
  }

  /** Bytes of an earlier attempt are continued. A state that a power cut has left may say of a body only its version. */
  get #keepsBytes(): boolean {
    return this.#opened.kept?.some(({ start, written }) => written > start) ?? false;
  }

  /** Opens the file for its body, after the saved state of bytes that will be overwritten is gone. */
  async #openBody({ saved, isFresh }: Earlier): Promise<FileHandle> {
    const { response, kept } = this.#opened;
    const { workDir, signal } = this.#job;
    const path = join(workDir, BODY_FILE);
    try {
      if (kept === null && !isFresh) await this.#startOver(saved);
      if (kept === null || !this.#keepsBytes) return await open(path, 'w');
      // What follows was not synced before a power cut, or is not known to be in order.
      if (saved?.grows !== true && kept.length === 1) await truncate(path, kept[0]?.written);
      return await open(path, 'r+');
    } catch (thrown) {
      response.discard();
      signal.throwIfAborted();
      throw toDiskError(thrown);
    }
  }

  /** The version that is known stays known, so that later responses are compared with it. */
  async #startOver(saved: SavedState | null): Promise<void> {
    const { workDir, onOutput } = this.#job;
    const { validators } = this.#opened.decision;
    const isOther = saved !== null && relationOf(saved.validators, validators) === 'other';
    const hasBytes = saved?.segments.some(([start, , written]) => written > start) ?? false;
    if (saved !== null && isOther && hasBytes && saved.validators.ifRange === null) throw otherBytes();
    if (saved !== null && !isOther) await this.#refuseTail(saved);
    if (hasBytes)
      onOutput?.('The bytes on the disk cannot be continued: the file is fetched from its start.\n');
    const version = this.#version === null ? null : { ...this.#version, segments: [] };
    await startOver(workDir, version ?? (isOther ? null : saved));
  }

  /** @throws SluiceError `remote_contradiction` for the tail of the saved file with the head of a whole one */
  async #refuseTail(saved: SavedState): Promise<void> {
    const { response, decision } = this.#opened;
    const { totalBytes: bytes } = decision;
    if (bytes === null || bytes >= saved.totalBytes) return;
    const { workDir, signal, onBytes } = this.#job;
    if (await isTailOf(saved, bytes, response.body, workDir, signal, onBytes))
      throw contradiction(bytes, null);
  }

  #tick(transfer: Transfer, progress: SavedProgress): void {
    const nowMs = performance.now();
    transfer.tick(nowMs);
    progress.tick(nowMs);
    if (nowMs - this.#reportedMs >= REPORT_EVERY_MS) this.#report(nowMs);
  }

  #report(nowMs: number): void {
    const { totalBytes } = this.#opened.decision;
    const sample = this.#meter.update({ receivedBytes: receivedBytes(this.#segments), totalBytes }, nowMs);
    if (sample === null) return;
    this.#reportedMs = nowMs;
    this.#job.onSample(sample);
  }
}

/** As curl -R and wget: the file is as old as on its server. */
async function keepModified(handle: FileHandle, lastModified: string | null): Promise<void> {
  const modifiedMs = parseHttpDate(lastModified);
  if (modifiedMs > 0 && modifiedMs <= Date.now())
    await handle.utimes(new Date(), new Date(modifiedMs)).catch(() => {});
}

async function sync(handle: FileHandle): Promise<void> {
  try {
    await syncHandle(handle, 'datasync');
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}
