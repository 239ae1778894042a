/**
 * The saved state of a partial file in a work dir: the version of the file, and its segments, which may be empty. It is
 * written after the bytes that it describes, so that it never promises more than there is. The first line is the whole
 * state and appears by a rename; each later line holds newer segments, and a truncated one is ignored. A new file each
 * second for each download was a quarter of the CPU of 300 slow downloads.
 */
import { type FileHandle, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { bootId } from '../../../files/boot-id.server.ts';
import { errnoOf, toDiskError } from '../../../files/disk-error.ts';

const Bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
/** `[start, end, written]` */
const Segments = v.array(v.tuple([Bytes, Bytes, Bytes]));
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
});
export type SavedState = v.InferOutput<typeof Saved>;
/** `boot`: in which it was written; absent = by an earlier version. */
const Stored = v.object({ ...Saved.entries, boot: v.optional(v.string()) });

const FILE = 'http-state.json';
export const BODY_FILE = 'http-body';

/**
 * Null when there is nothing to resume: no state, an unreadable one, another address, or a shorter file. After another
 * boot no byte is trusted, as none was synced: the version alone remains.
 */
export async function loadState(workDir: string, url: string): Promise<SavedState | null> {
  try {
    const [first = '', ...later] = (await readFile(join(workDir, FILE), 'utf8')).split('\n');
    const stored = parsed(Stored, first);
    if (stored?.url !== url) return null;
    const { boot, ...state } = stored;
    if (boot !== undefined && boot !== bootId()) return withoutBytes(state);
    const segments = newestSegments(later) ?? state.segments;
    const { size } = await stat(join(workDir, BODY_FILE));
    const highest = Math.max(0, ...segments.map(([start, , written]) => (written > start ? written : 0)));
    return size >= highest ? { ...state, segments } : null;
  } catch {
    return null;
  }
}

function newestSegments(lines: string[]): SavedState['segments'] | null {
  for (const line of lines.reverse()) {
    const segments = parsed(Segments, line);
    if (segments !== null) return segments;
  }
  return null;
}

function parsed<Of>(schema: v.GenericSchema<unknown, Of>, line: string): Of | null {
  try {
    return v.parse(schema, JSON.parse(line));
  } catch {
    return null;
  }
}

/** Then the file is written anew, at about 64 kB. */
const MAX_APPENDED_LINES = 1000;

/** Writes the state of one attempt; calls of `save` must not overlap. */
export class StateFile {
  readonly #path: string;
  /** Null before the first line. */
  #handle: FileHandle | null = null;
  #appendedLines = 0;

  constructor(workDir: string) {
    this.#path = join(workDir, FILE);
  }

  /** @throws SluiceError `disk_*` */
  async save(state: SavedState): Promise<void> {
    try {
      if (this.#handle === null || this.#appendedLines >= MAX_APPENDED_LINES) await this.#begin(state);
      else await this.#handle.appendFile(`${JSON.stringify(state.segments)}\n`);
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

  async #begin(state: SavedState): Promise<void> {
    await this.close();
    this.#handle = await open(`${this.#path}.new`, 'w');
    await this.#handle.appendFile(`${JSON.stringify({ ...state, boot: bootId() })}\n`);
    await rename(`${this.#path}.new`, this.#path);
    this.#appendedLines = 0;
  }
}

/** The same version with none of its bytes. */
export function withoutBytes(state: SavedState): SavedState {
  return { ...state, segments: [[0, state.totalBytes, 0]] };
}

/**
 * Must be called before the bytes in the work dir are overwritten, as the saved segments will not describe them. The
 * version itself is kept, so that a later response can still be checked against it.
 * @param version null = nothing is kept
 * @throws SluiceError `disk_*`
 */
export async function startOver(workDir: string, version: SavedState | null): Promise<void> {
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
  try {
    await unlink(join(workDir, FILE));
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw toDiskError(thrown);
  }
}
