/**
 * Syncs from outside what another program writes into its work dir, and notes how much of each file is on the disk. The
 * last sync, for which "complete" waits, is short then; and after a power cut only what was noted is trusted.
 */
import { rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { SluiceError } from '../protocol/error.ts';
import { bootId } from './boot-id.server.ts';
import { errnoOf, toDiskError } from './disk-error.ts';
import { parseJsonAs } from './parse-json.ts';
import { realDisk } from './finish/disk.server.ts';
import { inodeKey } from './inode-key.ts';
import { isSyncDue, syncOneAtATime } from './sync-schedule.ts';
import { syncOnDisk, type SyncPath } from './sync.server.ts';
import { replaceFile } from './replace-file.server.ts';
import { readNote as readNoteFile } from './work-note.server.ts';
import { writeAgain } from './write-again.server.ts';

const FILE = 'sluice-synced.json';
/** 64 MB take longer on most lines; one `readdir` and a `stat` for each file. */
const CHECK_EVERY_MS = 1_000;

const noteSchema = v.object({
  version: v.literal(1),
  /** In which boot this was written. */
  boot: v.string(),
  /** By inode and birth, as engines rename their files: the name at that time, and the bytes that were synced. */
  files: v.record(v.string(), v.object({ name: v.string(), bytes: v.pipe(v.number(), v.safeInteger()) })),
});
type Note = v.InferOutput<typeof noteSchema>;

/** Which files of the work dir are the engine's, and what it can resume. */
export interface GrowingOptions {
  workDir: string;
  isMedia: (name: string) => boolean;
  /** Default: `syncOnDisk`. */
  sync?: SyncPath;
}

interface Found {
  name: string;
  key: string;
  bytes: number;
  modifiedNs: bigint;
}

/** Of files that were renamed or removed meanwhile. */
const GONE = ['ENOENT', 'ELOOP'];

export class GrowingFiles {
  readonly #options: GrowingOptions;
  readonly #timer: NodeJS.Timeout;
  #note: Note;
  #syncedMs = performance.now();
  /** When each file was last written to, as of its last sync. */
  #modifiedNs = new Map<string, bigint>();
  #syncing: Promise<void> | null = null;
  /** When the engine began. */
  readonly #boot = bootId();
  /** Of a sync. */
  #failure: SluiceError | null = null;

  private constructor(options: GrowingOptions, note: Note) {
    this.#options = options;
    this.#note = note;
    this.#timer = setInterval(() => {
      this.#syncing ??= this.#syncIfDue()
        // A folder that cannot be read is found out by its engine, and without a new note the one before holds.
        .catch(() => undefined)
        .finally(() => (this.#syncing = null));
    }, CHECK_EVERY_MS);
  }

  /**
   * To be called before the engine starts; the caller has dealt with what another boot left (`cutToSynced`).
   * @throws SluiceError `disk_*`
   */
  static async start(options: GrowingOptions): Promise<GrowingFiles> {
    const { workDir } = options;
    const known = await readNote(workDir);
    const isOfThisBoot = known.state === 'read' && known.note.boot === bootId();
    // What another boot has synced still is on the disk.
    const files = known.state === 'read' ? known.note.files : {};
    const note = { version: 1 as const, boot: bootId(), files };
    try {
      // Before the first byte: a file system that lost this name has lost those of the engine's files too.
      if (!isOfThisBoot) await writeNote(workDir, note, { flush: known.state !== 'none' });
      else
        for (const { name, key, bytes } of await findMedia(options))
          await writeAgain(join(workDir, name), [[files[key]?.bytes ?? 0, bytes]]);
    } catch (thrown) {
      throw toDiskError(thrown);
    }
    return new GrowingFiles(options, note);
  }

  /**
   * Resolves when nothing is synced or written any more. After a sync that failed no file is left, as their bytes may never
   * reach the disk.
   * @returns why it failed; null = it did not
   */
  async stop(): Promise<SluiceError | null> {
    clearInterval(this.#timer);
    await this.#syncing;
    const { workDir } = this.#options;
    const media = await findMedia(this.#options).catch(() => []);
    const remove = (name: string): Promise<void> =>
      rm(join(workDir, name), { force: true, recursive: true }).catch(() => undefined);
    if (this.#failure !== null) for (const { name } of media) await remove(name);
    if (this.#failure !== null || media.length === 0) await remove(FILE);
    return this.#failure;
  }

  async #syncIfDue(): Promise<void> {
    // The disk may have lost what was written before: nothing of this attempt counts any more.
    if (this.#failure !== null || bootId() !== this.#boot) return;
    const found = await findMedia(this.#options);
    const noted = (key: string): number => this.#note.files[key]?.bytes ?? 0;
    const newBytes = found.reduce((sum, { key, bytes }) => sum + Math.max(0, bytes - noted(key)), 0);
    const isShorter = found.some(({ key, bytes }) => bytes < noted(key));
    if (!isShorter && !isSyncDue(newBytes, performance.now() - this.#syncedMs)) return;
    this.#syncedMs = performance.now();
    await syncOneAtATime(() => this.#sync(found));
  }

  /** The engine works on; should the process be killed before it ends, only what was noted is trusted. */
  async #fail(error: SluiceError): Promise<void> {
    this.#failure = error;
    await writeNote(this.#options.workDir, { ...this.#note, boot: '' }, { flush: false }).catch(
      () => undefined,
    );
  }

  #isSynced({ key, bytes, modifiedNs }: Found): boolean {
    return this.#note.files[key]?.bytes === bytes && this.#modifiedNs.get(key) === modifiedNs;
  }

  async #sync(found: Found[]): Promise<void> {
    const { workDir, sync = syncOnDisk } = this.#options;
    // What is small beside them says what they are: sizes, an owner.
    for (const name of await realDisk.readdir(workDir)) {
      const file = found.find((each) => each.name === name);
      if (file !== undefined && this.#isSynced(file)) continue;
      try {
        await sync(join(workDir, name), 'datasync');
      } catch (thrown) {
        const isGone = GONE.includes(errnoOf(thrown) ?? '');
        // The kernel has marked these pages clean: the sync before `done` would succeed without them.
        if (!isGone && file !== undefined) await this.#fail(toDiskError(thrown));
        if (!isGone) throw thrown;
        // A file that was renamed or removed since has no bytes noted under this name.
        if (file !== undefined) file.bytes = 0;
      }
    }
    const entries = found.map(({ key, name, bytes }) => [key, { name, bytes }] as const);
    this.#note = { version: 1, boot: this.#boot, files: Object.fromEntries(entries) };
    this.#modifiedNs = new Map(found.map(({ key, modifiedNs }) => [key, modifiedNs]));
    await writeNote(workDir, this.#note, { flush: true });
    await syncOnDisk(workDir, 'sync');
  }
}

/**
 * Runs an engine that writes into the work dir; the caller has dealt with what another boot left (`cutToSynced`).
 * @throws what `work` throws; SluiceError `disk_*` also for a sync that failed meanwhile
 */
export async function runWhileSyncing<Result>(
  options: GrowingOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const growing = await GrowingFiles.start(options);
  let result: Result;
  try {
    result = await work();
  } catch (thrown) {
    await growing.stop();
    throw thrown;
  }
  const failure = await growing.stop();
  if (failure !== null) throw failure;
  return result;
}

/** What became of a file after a power cut. */
export interface CutFile {
  name: string;
  /** As it was noted: a file may have got another name after its last sync. null = no sync was noted. */
  notedName: string | null;
  bytes: number;
  syncedBytes: number;
}

/**
 * After a power cut: lets `handle` decide about each file of which not all bytes were synced; does nothing in the boot
 * that wrote them, nor to files without a note, which are of an earlier version.
 * @throws SluiceError `disk_*`
 */
export async function cutToSynced(
  options: GrowingOptions,
  handle: (file: CutFile) => 'delete' | { truncateAs: string },
): Promise<void> {
  const { workDir } = options;
  const known = await readNote(workDir);
  if (known.state === 'none' || (known.state === 'read' && known.note.boot === bootId())) return;
  try {
    for (const { name, key, bytes } of await findMedia(options)) {
      const noted = known.state === 'read' ? known.note.files[key] : undefined;
      const syncedBytes = Math.min(noted?.bytes ?? 0, bytes);
      if (bytes > 0 && syncedBytes === bytes) continue;
      const what = handle({ name, notedName: noted?.name ?? null, bytes, syncedBytes });
      const path = join(workDir, name);
      if (what === 'delete') {
        await rm(path, { force: true, recursive: true });
      } else {
        await truncate(path, syncedBytes);
        await rename(path, join(workDir, what.truncateAs));
      }
    }
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

async function findMedia({ workDir, isMedia }: GrowingOptions): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of (await realDisk.readdir(workDir)).filter(isMedia)) {
    const info = await stat(join(workDir, name), { bigint: true }).catch(() => null);
    if (!info?.isFile()) continue;
    found.push({ name, key: inodeKey(info), bytes: Number(info.size), modifiedNs: info.mtimeNs });
  }
  return found;
}

/** `lost`: a power cut has emptied it. */
async function readNote(
  workDir: string,
): Promise<{ state: 'none' } | { state: 'lost' } | { state: 'read'; note: Note }> {
  let text: string;
  try {
    text = await readNoteFile(join(workDir, FILE));
  } catch (thrown) {
    return { state: errnoOf(thrown) === 'ENOENT' ? 'none' : 'lost' };
  }
  const note = parseJsonAs(noteSchema, text);
  return note === null ? { state: 'lost' } : { state: 'read', note };
}

/** Atomic. */
async function writeNote(workDir: string, note: Note, { flush }: { flush: boolean }): Promise<void> {
  await replaceFile(join(workDir, FILE), JSON.stringify(note), { synced: flush ? 'contents' : 'nothing' });
}
