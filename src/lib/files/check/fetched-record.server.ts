/**
 * `check.json` in the work dir: written when an engine has handed over a file that is still to be hashed. Whoever is
 * killed or paused while that goes on hashes again, and fetches nothing again.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as v from 'valibot';
import { SluiceError } from '../../protocol/error.ts';
import { toDiskError } from '../disk-error.ts';
import type { FetchedFile } from '../fetched-file.ts';
import { statFile } from '../finish/disk.server.ts';
import { isInside } from '../finish/journal.server.ts';

const NOTE = 'check.json';

const noteSchema = v.object({
  version: v.literal(1),
  /** Relative to the work dir. */
  source: v.pipe(v.string(), v.check(isInside)),
  suggestedName: v.string(),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/**
 * Replaces the note in one step.
 * @throws SluiceError `disk_*`, `internal_error` for a file that is not in the work dir
 */
export async function recordFetched(workDir: string, result: FetchedFile): Promise<void> {
  const { path, suggestedName, bytes } = result;
  const source = relative(workDir, path);
  if (!isInside(source)) {
    throw new SluiceError('internal_error', 'The engine handed over a file outside its work folder.');
  }
  const note: v.InferOutput<typeof noteSchema> = { version: 1, source, suggestedName, bytes };
  const notePath = join(workDir, NOTE);
  try {
    await writeFile(`${notePath}.new`, JSON.stringify(note), { mode: 0o600 });
    await rename(`${notePath}.new`, notePath);
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/** The file that an earlier run fetched whole; null = none, or it is not as it was: the engine has to be asked. */
export async function findFetched(workDir: string): Promise<FetchedFile | null> {
  try {
    const text = await readFile(join(workDir, NOTE), 'utf8');
    const { source, suggestedName, bytes } = v.parse(noteSchema, JSON.parse(text));
    const path = join(workDir, source);
    return (await statFile(path))?.bytes === bytes ? { path, suggestedName, bytes } : null;
  } catch {
    return null;
  }
}
