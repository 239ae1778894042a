/**
 * What is saved of a partial file in a work dir: its version, and how far its segments have come. Two files of the same
 * form: `http-state.json` for as long as the page cache lives, and `http-synced.json`, which is synced after the bytes
 * that it describes, for after a power cut (docs/adr/031-the-page-cache-of-one-boot.md).
 *
 * The first line is the whole state and appears by a rename; each later line holds newer segments, and a truncated one is
 * ignored. A new file each second for each download was a quarter of the CPU of 300 slow downloads.
 */
import { access, type FileHandle, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { bootId } from '../../../files/boot-id.server.ts';
import { errnoOf, toDiskError } from '../../../files/disk-error.ts';
import { parseJsonAs } from '../../../files/parse-json.ts';
import { syncHandle, syncOnDisk } from '../../../files/sync.server.ts';
import { type WrittenRange, rangesWithout, writeAgain } from '../../../files/write-again.server.ts';
import { grownSegments } from './grown-segments.server.ts';
import type { SavedSegment } from './segments.ts';

const Bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
const Segments: v.GenericSchema<unknown, SavedSegment[]> = v.array(v.tuple([Bytes, Bytes, Bytes]));
const Saved = v.object({
  version: v.literal(1),
  /** The address asked for. */
  url: v.string(),
  name: v.string(),
  totalBytes: Bytes,
  validators: v.object({
    etag: v.nullable(v.string()),
    lastModified: v.nullable(v.string()),
    ifRange: v.nullable(v.string()),
  }),
  segments: Segments,
  /**
   * The body was empty at first, and each segment is written in order: it holds at least what the segments say, and the
   * file itself shows how much more. Absent = no more than the segments say can be trusted.
   */
  grows: v.optional(v.literal(true)),
});
export type SavedState = v.InferOutput<typeof Saved>;
const Stored = v.object({
  ...Saved.entries,
  /** In which boot it was written; absent = by an earlier version. */
  boot: v.optional(v.string()),
});
type Stored = v.InferOutput<typeof Stored>;

const FILE = 'http-state.json';
const SYNCED_FILE = 'http-synced.json';
export const BODY_FILE = 'http-body';

/** Whether an earlier attempt was answered with a file: it may have no byte yet. */
export async function hasBodyFile(workDir: string): Promise<boolean> {
  return access(join(workDir, BODY_FILE)).then(
    () => true,
    () => false,
  );
}

/** Whether an earlier attempt has saved its state. One call, as most downloads are small files, which save none. */
export async function hasState(workDir: string): Promise<boolean> {
  const names = await readdir(workDir).catch((): string[] => []);
  return names.includes(FILE) || names.includes(SYNCED_FILE);
}

/**
 * Null when there is nothing to resume: no state, an unreadable one, another address, or a shorter file. In the boot that
 * wrote it the page cache has all that was written; otherwise only what was synced is trusted, which may be the version
 * without a byte.
 */
export async function loadState(workDir: string, url: string): Promise<SavedState | null> {
  const current = await readState(workDir, FILE, url);
  const { size } = await stat(join(workDir, BODY_FILE)).catch(() => ({ size: -1 }));
  if (current !== null && isOfThisBoot(current)) {
    const { boot: _, ...state } = current;
    const grown = state.grows ? await grownSegments(join(workDir, BODY_FILE), size, state) : state.segments;
    if (holds(size, grown)) return { ...state, segments: grown };
  }
  const synced = await readState(workDir, SYNCED_FILE, url);
  if (synced !== null && holds(size, synced.segments)) return exact(synced);
  // Of this boot, and the file is shorter: somebody has cut it.
  if (current === null || isOfThisBoot(current)) return null;
  return withoutBytes(current);
}

/**
 * Before bytes of an earlier process are trusted in the boot that wrote them.
 * @throws SluiceError `disk_*`
 */
export async function writeAgainUnsynced(workDir: string, saved: SavedState): Promise<void> {
  const written = (segments: readonly SavedSegment[]): WrittenRange[] =>
    segments.map(([start, , until]) => [start, until]);
  const synced = await readState(workDir, SYNCED_FILE, saved.url);
  try {
    await writeAgain(
      join(workDir, BODY_FILE),
      rangesWithout(written(saved.segments), written(synced?.segments ?? [])),
    );
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/** The newest state in a file, with its newest segments; null = none, or of another address. */
async function readState(workDir: string, file: string, url: string): Promise<Stored | null> {
  const text = await readFile(join(workDir, file), 'utf8').catch(() => '');
  const [first = '', ...later] = text.split('\n');
  const stored = parseJsonAs(Stored, first);
  if (stored?.url !== url) return null;
  return { ...stored, segments: newestSegments(later) ?? stored.segments };
}

function isOfThisBoot({ boot }: Stored): boolean {
  return boot === undefined || boot === bootId();
}

/** Whether a body of this size can have all that the segments say. */
function holds(size: number, segments: readonly SavedSegment[]): boolean {
  return size >= Math.max(0, ...segments.map(([start, , written]) => (written > start ? written : 0)));
}

function exact({ version, url, name, totalBytes, validators, segments }: SavedState): SavedState {
  return { version, url, name, totalBytes, validators, segments };
}

function newestSegments(lines: string[]): SavedSegment[] | null {
  for (const line of lines.reverse()) {
    const segments = parseJsonAs(Segments, line);
    if (segments !== null) return segments;
  }
  return null;
}

/** Then the file is written anew, at about 64 kB. */
const MAX_APPENDED_LINES = 1000;

interface StateFileOptions {
  /** The file for after a power cut: each line is on the disk when `save` resolves. */
  isSynced?: boolean;
}

/** Writes the state of one attempt; calls of `save` must not overlap. */
export class StateFile {
  readonly #workDir: string;
  readonly #options: StateFileOptions;
  /** Null before the first line. */
  #handle: FileHandle | null = null;
  #appendedLines = 0;
  #grows: boolean | undefined;
  /** When the body was opened: by the time of a save its disk may have been lost. */
  readonly #boot = bootId();

  constructor(workDir: string, options: StateFileOptions = {}) {
    this.#workDir = workDir;
    this.#options = options;
  }

  /** @throws SluiceError `disk_*` */
  async save(state: SavedState): Promise<void> {
    const isFull = this.#appendedLines >= MAX_APPENDED_LINES;
    try {
      if (this.#handle === null || isFull || state.grows !== this.#grows) await this.#begin(state);
      else await this.#append(this.#handle, state);
      this.#appendedLines++;
    } catch (thrown) {
      // Half a line may be in the file: the next one must not continue it.
      await this.close();
      throw toDiskError(thrown);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => undefined);
  }

  async #append(handle: FileHandle, { segments }: SavedState): Promise<void> {
    await handle.appendFile(`${JSON.stringify(segments)}\n`);
    if (this.#options.isSynced) await syncHandle(handle, 'datasync');
  }

  async #begin(state: SavedState): Promise<void> {
    const { isSynced = false } = this.#options;
    const path = join(this.#workDir, isSynced ? SYNCED_FILE : FILE);
    await this.close();
    this.#handle = await open(`${path}.new`, 'w');
    const stored: Stored = { ...state, boot: this.#boot };
    await this.#handle.appendFile(`${JSON.stringify(stored)}\n`);
    if (isSynced) await syncHandle(this.#handle, 'datasync');
    await rename(`${path}.new`, path);
    if (isSynced) await syncOnDisk(this.#workDir, 'sync');
    this.#appendedLines = 0;
    this.#grows = state.grows;
  }
}

/** The same version with none of its bytes. */
export function withoutBytes(state: SavedState): SavedState {
  return { ...exact(state), segments: [[0, state.totalBytes, 0]] };
}

/**
 * Must be called before the bytes in the work dir are overwritten, as the saved segments will not describe them. The
 * version itself is kept, so that a later response can still be checked against it.
 * @param version null = nothing is kept
 * @throws SluiceError `disk_*`
 */
export async function startOver(workDir: string, version: SavedState | null): Promise<void> {
  await forgetSynced(workDir);
  if (version !== null) {
    const file = new StateFile(workDir);
    try {
      await file.save(withoutBytes(version));
      return;
    } catch {
      // for example a full disk: the old segments must be removed all the same
    } finally {
      await file.close();
    }
  }
  await forgetState(workDir);
}

/** @throws SluiceError `disk_*` */
export async function forgetState(workDir: string): Promise<void> {
  await removeFile(join(workDir, FILE));
}

/**
 * Resolves once no power cut can bring back what was synced: the bytes that it describes may be overwritten.
 * @throws SluiceError `disk_*`
 */
export async function forgetSynced(workDir: string): Promise<void> {
  if (!(await removeFile(join(workDir, SYNCED_FILE)))) return;
  try {
    await syncOnDisk(workDir, 'sync');
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/** @returns whether it was there */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw toDiskError(thrown);
  }
}
