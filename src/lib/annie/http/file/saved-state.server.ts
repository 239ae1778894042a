/**
 * What is known about the bytes in a work dir: the version of the file they belong to and the map of stretches, which
 * may be empty.
 * Always written after the bytes it speaks of, so that it never promises what is not there. The first line says all and
 * comes by a rename; each later one is a newer map, and one that is cut short is none. A new file each second, for
 * each download, was a quarter of the CPU of 300 slow ones.
 */
import { type FileHandle, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
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

const FILE = 'http-state.json';
export const BODY_FILE = 'http-body';

/** Null when there is nothing to go on from: no state, an unreadable one, another address, or a shorter file. */
export async function loadState(workDir: string, url: string): Promise<SavedState | null> {
  try {
    const [first = '', ...later] = (await readFile(join(workDir, FILE), 'utf8')).split('\n');
    const state = parsed(Saved, first);
    if (state?.url !== url) return null;
    const segments = newest(later) ?? state.segments;
    const { size } = await stat(join(workDir, BODY_FILE));
    const highest = Math.max(0, ...segments.map(([start, , written]) => (written > start ? written : 0)));
    return size >= highest ? { ...state, segments } : null;
  } catch {
    return null;
  }
}

function newest(lines: string[]): SavedState['segments'] | null {
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

/** After so many maps the file is written anew: 64 kB or so. */
const MAPS_AT_MOST = 1000;

/** Writes the state of one attempt, one `save` after the other. */
export class StateFile {
  readonly #path: string;
  /** Null before the first line. */
  #handle: FileHandle | null = null;
  #maps = 0;

  constructor(workDir: string) {
    this.#path = join(workDir, FILE);
  }

  /** @throws SluiceError `disk_*` */
  async save(state: SavedState): Promise<void> {
    try {
      if (this.#handle === null || this.#maps >= MAPS_AT_MOST) await this.#begin(state);
      else await this.#handle.appendFile(`${JSON.stringify(state.segments)}\n`);
      this.#maps++;
    } catch (thrown) {
      // Half a line may be in the file: the next one must not go on with it.
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
    await this.#handle.appendFile(`${JSON.stringify(state)}\n`);
    await rename(`${this.#path}.new`, this.#path);
    this.#maps = 0;
  }
}

/** The same version with none of its bytes. */
export function withoutBytes(state: SavedState): SavedState {
  return { ...state, segments: [[0, state.totalBytes, 0]] };
}

/**
 * To be called before the bytes in the work dir are overwritten: no map describes them any more. The version itself is
 * kept, so that a later answer can still be checked against it.
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
      // for example a full disk: the old map has to go all the same
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
