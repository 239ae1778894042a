/**
 * The last step of a download: its file is moved from the work dir to the download dir under a free name, never
 * overwriting anything, and exactly once however often the process is killed meanwhile. link() is both the move and
 * the test for a free name; a linked file is recognised by its inode.
 */
import { unlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import type { RecordedFile } from '../../protocol/runner.ts';
import { bootId } from '../boot-id.server.ts';
import { errnoOf, toDiskError } from '../disk-error.ts';
import { hasMark } from '../file-mark.ts';
import { isSafeFileName, numbered } from '../file-name.ts';
import { writeAgain } from '../write-again.server.ts';
import { claimAndMove, isOwnClaim, resumeClaim } from './claim.server.ts';
import { realDisk, statFile, type Disk } from './disk.server.ts';
import { removeJournal, isInside, readJournal, writeJournal, type Journal } from './journal.server.ts';
import { findLink, landedLinkOf, removeLinks } from './landed-link.server.ts';
import { isTrusted, retractUnsynced } from './retract.server.ts';

interface FinishRequest {
  workDir: string;
  downloadDir: string;
  /** The finished file, inside `workDir`. */
  path: string;
  /** As the engine reported it; another size on disk is `size_mismatch`. */
  bytes: number;
  /** Wanted name, already safe (`safeFileName`). */
  name: string;
}

/** Errors of link() where the file system has no links, or the files are on two. */
const NO_LINK_ERRORS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOSYS', 'EMLINK']);
/** After so many taken names the folder is listed once instead of trying each. */
const MAX_TRIED_NAMES = 8;
/** The last number given to a name that many files share, by path. */
const lastNumbers = new Map<string, number>();
const MAX_LAST_NUMBERS = 1_000;

/**
 * Moves the file into the download dir as `name` or, when that is taken, `name (2)` and so on. Does not sync it to the
 * disk: `createSyncer` does that when its slot is free for another download, and the work dir is kept until then.
 * @throws SluiceError `size_mismatch`, `file_missing`, `disk_*`
 */
export async function finishFile(request: FinishRequest, disk: Disk = realDisk): Promise<RecordedFile> {
  const { workDir, downloadDir, path, bytes, name } = request;
  const sourceName = relative(workDir, path);
  if (!isInside(sourceName) || !isSafeFileName(name)) {
    throw new SluiceError('internal_error', 'The engine handed over a file outside its work folder.');
  }
  try {
    const source = await statFile(path, disk);
    if (source === null)
      throw new SluiceError('file_missing', 'The engine says it is done but left no file.');
    if (source.bytes !== bytes) {
      throw new SluiceError('size_mismatch', `The file has ${source.bytes} bytes, the engine said ${bytes}.`);
    }
    const journal: Journal = {
      version: 1,
      name,
      target: name,
      bytes,
      source: sourceName,
      inode: source.inode,
      claim: null,
      at: Date.now(),
      boot: bootId(),
    };
    await writeJournal(workDir, journal, disk);
    const finished = await moveFile({ workDir, downloadDir, journal, disk }, { resumed: false });
    if (finished === null)
      throw new SluiceError('file_missing', 'The finished file vanished while it was moved.');
    return finished;
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Completes a move that a crash interrupted. null = there is no journal, its file is gone, or a power cut may have taken
 * some of its bytes: the engine has to run.
 * @throws SluiceError `disk_*`
 */
export async function resumeFinish(
  { workDir, downloadDir }: { workDir: string; downloadDir: string },
  disk: Disk = realDisk,
): Promise<RecordedFile | null> {
  try {
    const journal = await readJournal(workDir, disk);
    if (journal === null) return null;
    if (!isTrusted(journal)) {
      await retractUnsynced({ workDir, downloadDir });
      return null;
    }
    const source = join(workDir, journal.source);
    const found = await statFile(source, disk);
    if (found !== null && found.bytes !== journal.bytes) {
      // Damaged since: an engine must not take it for a complete file either.
      await disk.rm(source, { force: true });
      await removeJournal(workDir, disk);
      return null;
    }
    const finished = await moveFile({ workDir, downloadDir, journal, disk }, { resumed: true });
    // Neither in the work dir nor at its target: it was taken away, and has to be fetched again.
    if (finished === null) {
      await removeJournal(workDir, disk);
      await removeLinks(workDir, disk);
    } else if (journal.synced !== true) {
      await writeAgain((await findLink(workDir)) ?? join(downloadDir, finished.name), [[0, finished.bytes]]);
    }
    return finished;
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Deletes the file that was moved out of this work dir, by both its names, if its move was begun and the file at the
 * target is ours: for a download that is discarded during the move. To be called before the work dir is removed, whose
 * journal names the file.
 * @throws SluiceError `disk_*`
 */
export async function undoFinish(
  { workDir, downloadDir }: { workDir: string; downloadDir: string },
  disk: Disk = realDisk,
): Promise<void> {
  try {
    const journal = await readJournal(workDir, disk);
    if (journal === null || !isTrusted(journal)) return await retractUnsynced({ workDir, downloadDir });
    const target = join(downloadDir, journal.target);
    const found = await statFile(target, disk);
    const isMoved = found !== null && (await isOurs({ workDir, downloadDir, journal, disk }, target));
    if (isMoved || (found !== null && isOwnClaim(found, journal))) await disk.unlink(target);
    await removeLinks(workDir, disk);
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Deletes a landed file by base name: only a regular file, never through a symlink, never a folder, and with a `mark`
 * only the file that has it.
 */
export async function deleteLanded(downloadDir: string, name: string, mark?: string): Promise<boolean> {
  if (!isSafeFileName(name)) return false;
  const path = join(downloadDir, name);
  try {
    const found = await statFile(path);
    if (found === null || (mark !== undefined && !hasMark(found, mark))) return false;
    await unlink(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw toDiskError(thrown);
  }
}

interface FileMove {
  workDir: string;
  downloadDir: string;
  journal: Journal;
  disk: Disk;
}

/** null = the source is gone and the target is not ours. */
async function moveFile(move: FileMove, { resumed }: { resumed: boolean }): Promise<RecordedFile | null> {
  const { workDir, downloadDir, disk } = move;
  for (let tried = 1; ; tried++) {
    const { journal } = move;
    const source = join(workDir, journal.source);
    const target = join(downloadDir, journal.target);
    const claimedMove = { workDir, journal, disk, source, target };
    const finished = { name: journal.target, bytes: journal.bytes };
    switch (await tryLink(source, target, disk)) {
      case 'linked':
        await disk.rename(source, landedLinkOf(workDir, journal.source));
        return finished;
      case 'missing':
        await disk.lstat(downloadDir);
        return (await isOurs(move, target)) ? finished : null;
      case 'taken':
        if (await isOurs(move, target)) {
          // A copy in place of our claim is another file, which was synced when it was made.
          if (journal.claim === null) await disk.rename(source, landedLinkOf(workDir, journal.source));
          else await disk.rm(source, { force: true });
          return finished;
        }
        if (resumed && tried === 1 && (await resumeClaim(claimedMove))) return finished;
        break;
      case 'no links':
        if (await claimAndMove(claimedMove)) return finished;
        break;
    }
    move.journal = { ...journal, target: await nextName(move, tried), claim: null, at: Date.now() };
    await writeJournal(workDir, move.journal, disk);
  }
}

async function tryLink(
  source: string,
  target: string,
  disk: Disk,
): Promise<'linked' | 'taken' | 'missing' | 'no links'> {
  try {
    await disk.link(source, target);
    return 'linked';
  } catch (thrown) {
    const errno = errnoOf(thrown) ?? '';
    if (errno === 'EEXIST') return 'taken';
    // The source or the download dir.
    if (errno === 'ENOENT') return 'missing';
    if (NO_LINK_ERRORS.has(errno)) return 'no links';
    throw thrown;
  }
}

async function isOurs({ journal, workDir, disk }: FileMove, target: string): Promise<boolean> {
  const found = await statFile(target, disk);
  if (found === null || found.bytes !== journal.bytes) return false;
  if (found.inode === journal.claim) return true;
  // Inode numbers are unique only within one file system.
  return found.inode === journal.inode && found.device === (await disk.lstat(workDir, { bigint: true })).dev;
}

/**
 * Tries number after number; for a name that many files share, one above the last that this process gave, which costs
 * one listing of the folder (with a listing for each of 2,000 files of one name: 167/s).
 */
async function nextName({ journal, downloadDir, disk }: FileMove, tried: number): Promise<string> {
  const key = join(downloadDir, journal.name);
  if (tried < MAX_TRIED_NAMES && !lastNumbers.has(key)) return numbered(journal.name, tried + 1);
  const taken = lastNumbers.has(key) ? null : new Set(await disk.readdir(downloadDir));
  // Read again: other downloads got their numbers while the folder was listed.
  let n = Math.max(tried, lastNumbers.get(key) ?? 0) + 1;
  while (taken?.has(numbered(journal.name, n)) === true) n++;
  if (lastNumbers.size >= MAX_LAST_NUMBERS) lastNumbers.clear();
  lastNumbers.set(key, n);
  return numbered(journal.name, n);
}
