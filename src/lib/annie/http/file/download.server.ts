/** A direct file: opens it, decides what of earlier bytes is still good, and sees it through to the last byte. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../protocol/error.ts';
import { toDiskError } from '../../disk-error.ts';
import type { EngineJob, EngineResult } from '../../engine.ts';
import type { Guard } from '../../guard/dial.server.ts';
import { isFile } from '../classify.ts';
import type { HttpAnswer, HttpClient } from '../client.server.ts';
import { contentTypeOf, dispositionName } from '../head.ts';
import { createMeter } from '../meter.ts';
import { fileNameFor } from '../names.ts';
import { type Asked, interpret, type Opening } from './opening.ts';
import { BODY_FILE, clearState, loadState, type SavedState, StateFile } from './saved-state.server.ts';
import { freeSegment, newSegment, receivedBytes, restoreSegments, type Segment } from './segments.ts';
import { createTransfer, FileChanged } from './transfer.server.ts';

const TICK_MS = 200;
const SAVE_EVERY_MS = 1000;
/** Smaller files are fetched again sooner than a map of them is kept. */
const SAVE_FROM_BYTES = 1024 * 1024;
/** A file that changes more often than this while it is fetched will not hold still. */
const MAX_STARTS = 3;

export interface FileOptions {
  client: HttpClient;
  guard: Guard;
  maxConnections: number;
  stallMs: number;
  syncAtEnd: boolean;
}

/** The address holds a page or a manifest: another way has to be taken. Nothing was written. */
export class NotAFile extends Error {}

export type FileJob = Pick<EngineJob, 'url' | 'workDir' | 'signal' | 'onSample' | 'onPhase' | 'onInfo'>;

/** @throws NotAFile, SluiceError network codes, `remote_*`, `size_mismatch`, `file_changed`, `disk_*`; the signal's reason */
export async function downloadFile(job: FileJob, options: FileOptions): Promise<EngineResult> {
  for (let start = 0; start < MAX_STARTS; start++) {
    try {
      return await attempt(job, options);
    } catch (thrown) {
      if (!(thrown instanceof FileChanged)) throw thrown;
      await clearState(job.workDir);
    }
  }
  throw new SluiceError('file_changed');
}

interface Opened {
  answer: HttpAnswer;
  opening: Exclude<Opening, { mode: 'again' }>;
  /** Null = start over. */
  kept: Segment[] | null;
}

async function attempt(job: FileJob, options: FileOptions): Promise<EngineResult> {
  const { url, workDir, signal, onInfo } = job;
  const saved = await loadState(workDir, url);
  const restored = saved ? restoreSegments(saved.segments, saved.totalBytes) : null;
  if (saved && restored && freeSegment(restored) === null) {
    onInfo({ totalBytes: saved.totalBytes });
    return { path: join(workDir, BODY_FILE), suggestedName: saved.name, bytes: saved.totalBytes };
  }
  const { answer, opening, kept } = await openFile(job, options.client, saved, restored);
  const { totalBytes, validators } = opening;
  const disposition = dispositionName(answer.head);
  const name = fileNameFor(answer.url, disposition, contentTypeOf(answer.head));
  onInfo({ ...(disposition === null ? {} : { title: disposition }), totalBytes });
  const segments = kept ?? [newSegment(0, totalBytes)];
  const ranged = opening.mode === 'ranged';
  const resumable = ranged && validators.ifRange !== null;
  const map = (total: number): SavedState => ({
    version: 1,
    url,
    name,
    totalBytes: total,
    validators,
    segments: segments.map(({ start, end, written }) => [start, end ?? total, written]),
  });
  const keeps = resumable && opening.totalBytes >= SAVE_FROM_BYTES;
  const stateFile = new StateFile(workDir);
  const save = async (): Promise<void> => {
    if (keeps && totalBytes !== null) await stateFile.save(map(totalBytes));
  };

  let handle: FileHandle;
  try {
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
    if (nowMs - savedMs < SAVE_EVERY_MS) return;
    savedMs = nowMs;
    // a map that cannot be saved now only costs bytes later; a full disk shows up in the body's own writes
    saving = saving.then(save).catch(() => {});
  }, TICK_MS);
  try {
    await transfer.run(answer);
    const bytes = receivedBytes(segments);
    if (totalBytes !== null && bytes !== totalBytes) throw new SluiceError('size_mismatch');
    job.onSample(meter.sample({ receivedBytes: bytes, totalBytes: bytes }, performance.now()));
    if (options.syncAtEnd) await sync(handle);
    return { path: join(workDir, BODY_FILE), suggestedName: name, bytes };
  } finally {
    clearInterval(timer);
    await saving;
    await save().catch(() => {});
    await stateFile.close();
    await handle.close();
  }
}

async function openFile(
  { url, signal }: FileJob,
  client: HttpClient,
  saved: SavedState | null,
  restored: Segment[] | null,
): Promise<Opened> {
  const known = saved && restored && saved.validators.ifRange !== null ? saved : null;
  const from = (known && restored ? freeSegment(restored)?.received : null) ?? 0;
  const headers: Record<string, string> = { range: `bytes=${from}-` };
  if (known?.validators.ifRange != null) headers['if-range'] = known.validators.ifRange;
  const answer = await client.get(url, { signal, headers, accept: [416] });
  const opening = interpretOrDiscard(answer, { from, known });
  if (opening.mode !== 'again') {
    return { answer, opening, kept: known && opening.mode === 'ranged' ? restored : null };
  }
  answer.discard();
  const plain = await client.get(url, { signal });
  const whole = interpretOrDiscard(plain, { from: null, known: null });
  if (whole.mode === 'again') throw new SluiceError('remote_status');
  return { answer: plain, opening: whole, kept: null };
}

/** As `interpret`; also for a file that is known: its address may lead to a login by now. @throws NotAFile */
function interpretOrDiscard(answer: HttpAnswer, asked: Asked): Opening {
  try {
    const isRestOfKnown = answer.status === 416 || (asked.known !== null && answer.status === 206);
    if (!isRestOfKnown && !isFile(answer)) throw new NotAFile();
    return interpret(answer.status, answer.head, asked);
  } catch (thrown) {
    answer.discard();
    throw thrown;
  }
}

async function openBody(workDir: string, keep: boolean): Promise<FileHandle> {
  try {
    if (keep) return await open(join(workDir, BODY_FILE), 'r+');
    // the map goes first: it must never speak of bytes of another version
    await clearState(workDir);
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
