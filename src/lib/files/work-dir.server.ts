/**
 * Where engines work: `DOWNLOAD_DIR/.sluice/<download id>/`, on the same file system as the result, so that
 * finishing is a link and not a copy. One dir a download; attempts follow one another in it and resume its bytes.
 */
import { lstat, mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import { errnoOf, toDiskError } from './disk-error.ts';

export const WORK_ROOT = '.sluice';
/** Ends the name of a work dir that is being removed: no id has a dot. */
export const REMOVED_SUFFIX = '.removed';

/** Ids become a path: only nanoid's alphabet, and a bounded length. */
const DOWNLOAD_ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface WorkDir {
  path: string;
  /** Made just now: nothing of an earlier attempt is in it. */
  isNew: boolean;
}

/** @throws SluiceError `internal_error` when the id is not one of ours */
export function workDirOf(downloadDir: string, download: string): string {
  if (!DOWNLOAD_ID.test(download)) throw new SluiceError('internal_error', 'A download id is malformed.');
  return join(downloadDir, WORK_ROOT, download);
}

/** The download whose work dir a path is, or lies in; null = none's. */
export function downloadOf(downloadDir: string, path: string): string | null {
  const [id = ''] = relative(join(downloadDir, WORK_ROOT), path).split(sep);
  return DOWNLOAD_ID.test(id) ? id : null;
}

/**
 * Creates the work dir (0700), or finds what an earlier attempt left. Never creates the
 * download dir itself: if that is gone, a disk may not be mounted.
 * @throws SluiceError `disk_missing`, `disk_denied`, `disk_read_only`, `disk_full`, `disk_error`
 */
export async function prepareWorkDir(downloadDir: string, download: string): Promise<WorkDir> {
  const path = workDirOf(downloadDir, download);
  try {
    let made = await makeDir(path, { missingParent: 'report' });
    if (made === 'no parent') {
      await makeDir(join(downloadDir, WORK_ROOT), { missingParent: 'throw' });
      made = await makeDir(path, { missingParent: 'throw' });
    }
    return { path, isNew: made === 'new' };
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Removes the work dir and all in it; one that is not there is fine. It goes by a name that says so first: whoever
 * finds a half-removed one after a crash knows that, whatever is left in it.
 * @throws SluiceError `disk_*`
 */
export async function removeWorkDir(downloadDir: string, download: string): Promise<void> {
  try {
    await removeWhole(await giveUp(downloadDir, download));
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * As `removeWorkDir`, but leaves the dir under the name of one being removed, with the files of `kept` in it.
 * @returns its path; null = it had to go, or was not there
 * @throws SluiceError `disk_*`
 */
export async function emptyWorkDir(
  downloadDir: string,
  download: string,
  kept: readonly string[],
): Promise<string | null> {
  try {
    const given = await giveUp(downloadDir, download);
    if (await removeFiles(given, kept)) return given;
    await removeWhole(given);
    return null;
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Makes the work dir of a download out of one that was emptied.
 * @returns false = that one is gone, or the download has bytes of its own
 */
export async function reuseWorkDir(emptied: string, downloadDir: string, download: string): Promise<boolean> {
  return rename(emptied, workDirOf(downloadDir, download)).then(
    () => true,
    () => false,
  );
}

/** Removes what `emptyWorkDir` left. */
export async function removeEmptied(path: string): Promise<void> {
  await removeWhole(path).catch((thrown: unknown) => {
    throw toDiskError(thrown);
  });
}

/** @returns the path that it has now */
async function giveUp(downloadDir: string, download: string): Promise<string> {
  const path = workDirOf(downloadDir, download);
  const removed = path + REMOVED_SUFFIX;
  await rename(path, removed).catch(async (thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return;
    // an earlier one that somebody was killed removing
    await rm(removed, RM_OPTIONS);
    await rename(path, removed);
  });
  return removed;
}

const RM_OPTIONS = { recursive: true, force: true, maxRetries: 2 };

/** Nearly always a file or two: fewer calls than `rm`, which looks at each before and after. */
async function removeWhole(dir: string): Promise<void> {
  const isFlat =
    (await removeFiles(dir, [])) &&
    (await rmdir(dir).then(
      () => true,
      () => false,
    ));
  if (!isFlat) await rm(dir, RM_OPTIONS);
}

/** false = there is something else than files in it, or it is not there. */
async function removeFiles(dir: string, kept: readonly string[]): Promise<boolean> {
  try {
    for (const name of await readdir(dir)) if (!kept.includes(name)) await unlink(join(dir, name));
    return true;
  } catch {
    return false;
  }
}

/** Takes `.sluice` away when nothing is left in it, so that a folder used once shows no trace of us. */
export async function removeWorkRoot(downloadDir: string): Promise<void> {
  await rmdir(join(downloadDir, WORK_ROOT)).catch(() => undefined);
}

async function makeDir(
  path: string,
  { missingParent }: { missingParent: 'report' | 'throw' },
): Promise<'new' | 'there' | 'no parent'> {
  try {
    await mkdir(path, { mode: 0o700 });
    return 'new';
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' && missingParent === 'report') return 'no parent';
    if (errno !== 'EEXIST') throw thrown;
    // a symlink would lead an engine's writes elsewhere
    if (!(await lstat(path)).isDirectory())
      throw new SluiceError('disk_error', 'The work folder is not a folder.');
    return 'there';
  }
}
