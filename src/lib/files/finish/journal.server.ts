/**
 * `finish.json` in the work dir: written before a finished file is moved, and again before each name that is
 * tried. Whenever a crash comes, it says which file was to be moved where.
 */
import { rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { errnoOf } from '../disk-error.ts';
import { parseJsonAs } from '../parse-json.ts';
import { isSafeFileName } from '../file-name.ts';
import { draftOf, replaceFile } from '../replace-file.server.ts';
import type { Disk } from './disk.server.ts';

export const JOURNAL = 'finish.json';
export const JOURNAL_DRAFT = draftOf(JOURNAL);

const inode = v.pipe(v.string(), v.regex(/^\d{1,20}$/));

const journalSchema = v.object({
  version: v.literal(1),
  /** Whose work dir this was; absent = by an earlier version. */
  download: v.optional(v.string()),
  /** The wanted name; `target` is that or a numbered one. */
  name: v.pipe(v.string(), v.check(isSafeFileName)),
  target: v.pipe(v.string(), v.check(isSafeFileName)),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Relative to the work dir. */
  source: v.pipe(v.string(), v.check(isInside)),
  /** The inode of the source, as decimal text (64 bits): what link and rename carry over to the target. */
  inode,
  /** Without links: the inode of the empty file that claims the target's name, once known. */
  claim: v.nullable(v.union([v.literal('pending'), inode])),
  /** When this was written, ms since the epoch: an older empty file is not our claim. */
  at: v.number(),
  /** In which boot this was written; absent = by an earlier version. */
  boot: v.optional(v.string()),
  /** The file was on the disk, with its name, when this was written. */
  synced: v.optional(v.boolean()),
});

export type Journal = v.InferOutput<typeof journalSchema>;

/** Whether a relative path stays inside the dir it is relative to. */
export function isInside(relativePath: string): boolean {
  const segments = relativePath.split(/[/\\]/);
  return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** Atomic: a reader sees the old or the new journal. */
export async function writeJournal(workDir: string, journal: Journal, disk: Disk): Promise<void> {
  const own = { ...journal, download: basename(workDir) } satisfies Journal;
  await replaceFile(join(workDir, JOURNAL), JSON.stringify(own), { reusesDraft: true, disk });
}

/**
 * Records that the file is on the disk, and puts that on the disk too: after a power cut a large file is not fetched
 * again for a `done` that was not stored.
 */
export async function recordSynced(workDir: string, disk: Disk): Promise<void> {
  const journal = await readJournal(workDir, disk);
  if (journal === null) return;
  const text = JSON.stringify({ ...journal, synced: true } satisfies Journal);
  await replaceFile(join(workDir, JOURNAL), text, { synced: 'name', reusesDraft: true, disk });
}

/** null = none, an invalid one (an engine or a power cut can leave anything), or that of another download. */
export async function readJournal(workDir: string, disk: Disk): Promise<Journal | null> {
  const found = await findJournal(workDir, disk);
  return found.state === 'own' ? found.journal : null;
}

/**
 * A work dir is used by one download after the other, and a file system may lose in a power cut that it was emptied:
 * `other` is the journal of a download that had it before. `unreadable`: there is one, and the cut has emptied it.
 */
export type FoundJournal = { state: 'none' | 'unreadable' } | { state: 'own' | 'other'; journal: Journal };

export async function findJournal(workDir: string, disk: Disk): Promise<FoundJournal> {
  let text: string;
  try {
    text = await disk.readFile(join(workDir, JOURNAL), 'utf8');
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'EISDIR') return { state: 'none' };
    throw thrown;
  }
  const journal = parseJsonAs(journalSchema, text);
  if (journal === null) return { state: 'unreadable' };
  return { state: (journal.download ?? basename(workDir)) === basename(workDir) ? 'own' : 'other', journal };
}

export async function removeJournal(workDir: string, disk: Disk): Promise<void> {
  await disk.rm(join(workDir, JOURNAL), { force: true, recursive: true });
}

/** Keeps the inode of the journal for the next download: the draft is overwritten. */
export async function revertToDraft(workDir: string): Promise<void> {
  await rename(join(workDir, JOURNAL), join(workDir, JOURNAL_DRAFT)).catch(() => undefined);
}
