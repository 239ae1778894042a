/**
 * `check.json` in the work dir: written when an engine has returned a file that is still to be hashed. After a kill or
 * a pause during hashing the file is hashed again, but not fetched again; after a power cut its bytes may be gone.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as v from 'valibot';
import { SluiceError } from '../../protocol/error.ts';
import { bootId } from '../boot-id.server.ts';
import { toDiskError } from '../disk-error.ts';
import type { FetchedFile } from '../fetched-file.ts';
import { statFile } from '../finish/disk.server.ts';
import { isInside } from '../finish/journal.server.ts';
import { replaceFile } from '../replace-file.server.ts';

const RECORD = 'check.json';

const recordSchema = v.object({
  version: v.literal(1),
  /** Relative to the work dir. */
  source: v.pipe(v.string(), v.check(isInside)),
  suggestedName: v.string(),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** In which boot this was written; absent = by an earlier version. */
  boot: v.optional(v.string()),
});

/** Atomic. @throws SluiceError `disk_*`, `internal_error` for a file outside the work dir */
export async function recordFetched(workDir: string, result: FetchedFile): Promise<void> {
  const { path, suggestedName, bytes } = result;
  const source = relative(workDir, path);
  if (!isInside(source)) {
    throw new SluiceError('internal_error', 'The engine handed over a file outside its work folder.');
  }
  const record: v.InferOutput<typeof recordSchema> = {
    version: 1,
    source,
    suggestedName,
    bytes,
    boot: bootId(),
  };
  try {
    await replaceFile(join(workDir, RECORD), JSON.stringify(record));
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/** The complete file of an earlier attempt of this boot; null = none, or it has changed: the engine has to run. */
export async function findFetched(workDir: string): Promise<FetchedFile | null> {
  try {
    const text = await readFile(join(workDir, RECORD), 'utf8');
    const { source, suggestedName, bytes, boot } = v.parse(recordSchema, JSON.parse(text));
    if (boot !== bootId()) return null;
    const path = join(workDir, source);
    return (await statFile(path))?.bytes === bytes ? { path, suggestedName, bytes } : null;
  } catch {
    return null;
  }
}
