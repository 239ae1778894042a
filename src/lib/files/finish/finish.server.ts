/**
 * The last step of a download: its file leaves the work dir and lands in the download dir under a name of its
 * own, without ever overwriting anything, and exactly once however often we are killed on the way. link() is both
 * the move and the test for a free name, and a linked file is recognised by its inode.
 */
import { unlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import { errnoOf, toDiskError } from '../disk-error.ts';
import { hasMark } from '../file-mark.ts';
import { isSafeFileName, numbered } from '../file-name.ts';
import { claimAndLand, isOwnClaim, landOnOwnClaim } from './claim.server.ts';
import { realDisk, statFile, type Disk } from './disk.server.ts';
import { dropJournal, isInside, readJournal, writeJournal, type Journal } from './journal.server.ts';

export interface FinishedFile {
  /** Base name in the download dir. */
  name: string;
  bytes: number;
}

export interface FinishRequest {
  workDir: string;
  downloadDir: string;
  /** The finished file, inside `workDir`. */
  path: string;
  /** What the engine says it wrote; another size on disk is `size_mismatch`. */
  bytes: number;
  /** Wanted name, already safe (`safeFileName`). */
  name: string;
}

/** What link() answers where there are no links, or not from here to there. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOSYS', 'EMLINK']);
/** After so many taken names the folder is listed once instead of knocking at each. */
const KNOCK_AT_MOST = 8;
/** The last number handed out for names that many files want, by path. */
const lastNumbers = new Map<string, number>();
const CROWDED_NAMES = 1_000;

/**
 * Moves the file into the download dir as `name` or, when that is taken, `name (2)` and so on. Not synced to the
 * disk here: `createSyncer` does that off the critical path, and the work dir outlives it.
 * @throws SluiceError `size_mismatch`, `file_missing`, `disk_*`
 */
export async function finishFile(request: FinishRequest, disk: Disk = realDisk): Promise<FinishedFile> {
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
    };
    await writeJournal(workDir, journal, disk);
    const landed = await land({ workDir, downloadDir, journal, disk }, { resumed: false });
    if (landed === null)
      throw new SluiceError('file_missing', 'The finished file vanished while it was moved.');
    return landed;
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Finishes what a crash interrupted: with a journal in the work dir the download is done but for the move, or
 * altogether. null = there is nothing to finish, run the engine.
 * @throws SluiceError `disk_*`
 */
export async function resumeFinish(
  { workDir, downloadDir }: { workDir: string; downloadDir: string },
  disk: Disk = realDisk,
): Promise<FinishedFile | null> {
  try {
    const journal = await readJournal(workDir, disk);
    if (journal === null) return null;
    const source = join(workDir, journal.source);
    const found = await statFile(source, disk);
    if (found !== null && found.bytes !== journal.bytes) {
      // damaged since: an engine must not take it for a finished file either
      await disk.rm(source, { force: true });
      await dropJournal(workDir, disk);
      return null;
    }
    const landed = await land({ workDir, downloadDir, journal, disk }, { resumed: true });
    // neither in the work dir nor where it was put: somebody took it away, so it has to be fetched again
    if (landed === null) await dropJournal(workDir, disk);
    return landed;
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Deletes the file that was moved out of this work dir, if its move was begun and nothing else has taken the name: for a
 * removal that came while the file landed. The work dir has to be removed after it, as its journal names the file.
 * @throws SluiceError `disk_*`
 */
export async function undoFinish(
  { workDir, downloadDir }: { workDir: string; downloadDir: string },
  disk: Disk = realDisk,
): Promise<void> {
  try {
    const journal = await readJournal(workDir, disk);
    if (journal === null) return;
    const target = join(downloadDir, journal.target);
    const found = await statFile(target, disk);
    if (found === null) return;
    const isLanded = await isOurs({ workDir, downloadDir, journal, disk }, target);
    if (isLanded || isOwnClaim(found, journal)) await disk.unlink(target);
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Deletes a finished file by base name: only a regular file, never through a symlink, never a folder, and with a `mark`
 * only the file that has it.
 */
export async function deleteFinished(downloadDir: string, name: string, mark?: string): Promise<boolean> {
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

interface Move {
  workDir: string;
  downloadDir: string;
  journal: Journal;
  disk: Disk;
}

/** null = the source is gone and the target is not ours. */
async function land(move: Move, { resumed }: { resumed: boolean }): Promise<FinishedFile | null> {
  const { workDir, downloadDir, disk } = move;
  for (let tried = 1; ; tried++) {
    const { journal } = move;
    const source = join(workDir, journal.source);
    const target = join(downloadDir, journal.target);
    const landing = { workDir, journal, disk, source, target };
    const landed = { name: journal.target, bytes: journal.bytes };
    switch (await tryLink(source, target, disk)) {
      case 'linked':
        await disk.unlink(source);
        return landed;
      case 'missing':
        await disk.lstat(downloadDir);
        return (await isOurs(move, target)) ? landed : null;
      case 'taken':
        if (await isOurs(move, target)) {
          await disk.rm(source, { force: true });
          return landed;
        }
        if (resumed && tried === 1 && (await landOnOwnClaim(landing))) return landed;
        break;
      case 'no links':
        if (await claimAndLand(landing)) return landed;
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
    // of the source or of the download dir
    if (errno === 'ENOENT') return 'missing';
    if (NO_LINKS.has(errno)) return 'no links';
    throw thrown;
  }
}

async function isOurs({ journal, workDir, disk }: Move, target: string): Promise<boolean> {
  const found = await statFile(target, disk);
  if (found === null || found.bytes !== journal.bytes) return false;
  if (found.inode === journal.claim) return true;
  // an inode number means something on its own file system only
  return found.inode === journal.inode && found.device === (await disk.lstat(workDir, { bigint: true })).dev;
}

/**
 * The lowest free number, knocking at each; for a crowded name, one above the last that this process handed out,
 * which costs a listing of the folder once (2,000 files of one name: 167/s with a listing for each).
 */
async function nextName({ journal, downloadDir, disk }: Move, tried: number): Promise<string> {
  const key = join(downloadDir, journal.name);
  if (tried < KNOCK_AT_MOST && !lastNumbers.has(key)) return numbered(journal.name, tried + 1);
  const taken = lastNumbers.has(key) ? null : new Set(await disk.readdir(downloadDir));
  // asked again: siblings were handed theirs while the folder was listed
  let n = Math.max(tried, lastNumbers.get(key) ?? 0) + 1;
  while (taken?.has(numbered(journal.name, n)) === true) n++;
  if (lastNumbers.size >= CROWDED_NAMES) lastNumbers.clear();
  lastNumbers.set(key, n);
  return numbered(journal.name, n);
}
