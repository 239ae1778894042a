/**
 * What is known about the bytes in a work dir: the version of the file they belong to and the map of stretches.
 * Always written after the bytes it speaks of, and in one rename, so that it never promises what is not there.
 */
import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { errnoOf, toDiskError } from '../../disk-error.ts';

const Bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
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
  /** `[start, end, written]` */
  segments: v.array(v.tuple([Bytes, Bytes, Bytes])),
});
export type SavedState = v.InferOutput<typeof Saved>;

const FILE = 'http-state.json';
export const BODY_FILE = 'http-body';

/** Null when there is nothing to go on from: no state, an unreadable one, another address, or a shorter file. */
export async function loadState(workDir: string, url: string): Promise<SavedState | null> {
  try {
    const parsed = v.safeParse(Saved, JSON.parse(await readFile(join(workDir, FILE), 'utf8')));
    if (!parsed.success || parsed.output.url !== url) return null;
    const { size } = await stat(join(workDir, BODY_FILE));
    const highest = Math.max(
      0,
      ...parsed.output.segments.map(([start, , written]) => (written > start ? written : 0)),
    );
    return size >= highest ? parsed.output : null;
  } catch {
    return null;
  }
}

/** @throws SluiceError `disk_*` */
export async function saveState(workDir: string, state: SavedState): Promise<void> {
  const path = join(workDir, FILE);
  try {
    await writeFile(`${path}.new`, JSON.stringify(state));
    await rename(`${path}.new`, path);
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/** Forgets what the bytes in the work dir are. @throws SluiceError `disk_*` */
export async function clearState(workDir: string): Promise<void> {
  try {
    await unlink(join(workDir, FILE));
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw toDiskError(thrown);
  }
}
