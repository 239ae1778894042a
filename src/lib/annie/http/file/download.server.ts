/** A direct file: opens it, decides what of earlier bytes is still good, and sees it through to the last byte. */
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
import { createMeter } from '../meter.ts';
import { fileNameFor } from '../names.ts';
import { openFile } from './first-answer.server.ts';
import {
  BODY_FILE,
  loadState,
  type SavedState,
  StateFile,
  startOver,
  withoutBytes,
} from './saved-state.server.ts';
import { freeSegment, newSegment, receivedBytes, restoreSegments } from './segments.ts';
import { createTransfer, Reopen } from './transfer.server.ts';

const TICK_MS = 200;
const SAVE_EVERY_MS = 1000;
/** Smaller files get a map only once they were interrupted: fetching one again takes less time than keeping a map. */
const SAVE_FROM_BYTES = 1024 * 1024;
/** A file that changes more often than this while it is fetched will not hold still. */
const MAX_STARTS = 3;
/** While each start gets further into the same version, more are allowed: its server answers badly only now and then. */
const MAX_FURTHER_STARTS = 20;

export { NotAFile } from './first-answer.server.ts';

export interface FileOptions {
  client: HttpClient;
  guard: Guard;
  maxConnections: number;
  stallMs: number;
  syncAtEnd: boolean;
  /** Sizes that look-ups found. */
  listed?: ListedSizes;
}

export type FileJob = Pick<EngineJob, 'url' | 'workDir' | 'signal' | 'onSample' | 'onPhase' | 'onInfo'>;

/**
 * @throws NotAFile, SluiceError network codes, `remote_*`, `size_mismatch`, `file_changed`, `disk_*`; the signal's
 * reason
 */
export async function downloadFile(job: FileJob, options: FileOptions): Promise<FetchedFile> {
  const reported = options.listed?.get(job.url, performance.now()) ?? [];
  let how: Approach = { reported, withoutRange: false, maxConnections: options.maxConnections };
  let furthestBytes = 0;
  for (let start = 1, left = MAX_STARTS; ; start++) {
    try {
      return await attempt(job, options, how);
    } catch (thrown) {
      if (!(thrown instanceof Reopen)) throw thrown;
      const { failure, receivedBytes, withoutRange } = thrown;
      if (failure.code === 'remote_contradiction' && receivedBytes > furthestBytes) {
        furthestBytes = receivedBytes;
        left = MAX_STARTS;
      }
      if (--left === 0 || start === MAX_FURTHER_STARTS) throw failure;
      // Servers behind one name may hold different versions: a single connection gets one of them.
      how = { reported, withoutRange, maxConnections: 1 };
    }
  }
}

/** How an attempt requests the file. */
interface Approach {
  /** By a look-up. */
  reported: readonly Version[];
  withoutRange: boolean;
  maxConnections: number;
}

async function attempt(job: FileJob, options: FileOptions, how: Approach): Promise<FetchedFile> {
  const { url, workDir, signal, onInfo } = job;
  const saved = await loadState(workDir, url);
  const restored = saved ? restoreSegments(saved.segments, saved.totalBytes) : null;
  if (saved && restored && freeSegment(restored) === null) {
    onInfo({ totalBytes: saved.totalBytes });
    return { path: join(workDir, BODY_FILE), suggestedName: saved.name, bytes: saved.totalBytes };
  }
  const isKnown = saved !== null && restored !== null && saved.validators.ifRange !== null;
  const known = isKnown ? { version: saved, segments: restored } : null;
  const { answer, opening, kept } = await openFile({ ...options, ...how, url, signal, known });
  const { totalBytes, validators } = opening;
  const disposition = dispositionName(answer.head);
  const name = fileNameFor(answer.url, disposition, contentTypeOf(answer.head));
  onInfo({ ...(disposition === null ? {} : { title: disposition }), totalBytes });
  const segments = kept ?? [newSegment(0, totalBytes)];
  const ranged = opening.mode === 'ranged';
  const isVersioned = validators.ifRange !== null && totalBytes !== null;
  const resumable = ranged && isVersioned;
  const map = (total: number): SavedState => ({
    version: 1,
    url,
    name,
    totalBytes: total,
    validators,
    segments: segments.map(({ start, end, written }) => [start, end ?? total, written]),
  });
  const stateFile = new StateFile(workDir);
  const isWorthAMap = isVersioned && totalBytes >= SAVE_FROM_BYTES;
  const save = async (): Promise<void> => {
    if (isVersioned) await stateFile.save(resumable ? map(totalBytes) : withoutBytes(map(totalBytes)));
  };

  let handle: FileHandle;
  try {
    if (kept === null) {
      const isOther = saved !== null && relationOf(saved.validators, validators) === 'other';
      const version = isWorthAMap ? map(totalBytes) : isOther ? null : saved;
      await startOver(workDir, version);
    }
    handle = await openBody(workDir, kept !== null);
  } catch (thrown) {
    answer.discard();
    throw thrown;
  }
  const meter = createMeter(receivedBytes(segments), performance.now());
  const state = (): { receivedBytes: number; totalBytes: number | null } => ({
    receivedBytes: receivedBytes(segments),
    totalBytes,
  });
  const transfer = createTransfer({
    ...options,
    ...{ url, handle, segments, totalBytes, validators, resumable, ranged, signal },
    maxConnections: how.maxConnections,
    onBytes(nowMs) {
      const sample = meter.update(state(), nowMs);
      if (sample) job.onSample(sample);
    },
  });
  let savedMs = performance.now();
  let saving: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    transfer.tick(nowMs);
    const sample = meter.update(state(), nowMs);
    if (sample) job.onSample(sample);
    if (!isWorthAMap || !resumable || nowMs - savedMs < SAVE_EVERY_MS) return;
    savedMs = nowMs;
    // a map that cannot be saved now only costs bytes later; a full disk shows up in the body's own writes
    saving = saving.then(save).catch(() => {});
  }, TICK_MS);
  let isDone = false;
  try {
    await transfer.run(answer);
    const bytes = receivedBytes(segments);
    if (totalBytes !== null && bytes !== totalBytes) throw new SluiceError('size_mismatch');
    if (opening.mode === 'whole' && opening.refusedBytes.includes(bytes)) throw contradiction(bytes, null);
    isDone = true;
    job.onSample(meter.sample({ receivedBytes: bytes, totalBytes: bytes }, performance.now()));
    if (options.syncAtEnd) await sync(handle);
    return { path: join(workDir, BODY_FILE), suggestedName: name, bytes };
  } finally {
    clearInterval(timer);
    await saving;
    if (!isDone || (isWorthAMap && resumable)) await save().catch(() => {});
    await stateFile.close();
    await handle.close();
  }
}

async function openBody(workDir: string, keep: boolean): Promise<FileHandle> {
  try {
    if (keep) return await open(join(workDir, BODY_FILE), 'r+');
    return await open(join(workDir, BODY_FILE), 'w');
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

async function sync(handle: FileHandle): Promise<void> {
  try {
    await handle.datasync();
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}
