/**
 * Where engines work: `DOWNLOAD_DIR/.sluice/<download id>/`, on the same file system as the result, so that
 * finishing is a link and not a copy. One dir a download; attempts follow one another in it and resume its bytes.
 */
import { lstat, mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import { errnoOf, toDiskError } from './disk-error.ts';

export const WORK_ROOT = '.sluice';
/** Of a work dir that is being removed: no id has a dot. */
export const REMOVED_SUFFIX = '.removed';

/** Ids become part of a path: only the alphabet of base64url, and a bounded length. */
const SAFE_PATH_ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface WorkDir {
  path: string;
  /** Just created: it holds nothing of an earlier attempt. */
  isNew: boolean;
}

export function isDownloadId(text: string): boolean {
  return SAFE_PATH_ID.test(text);
}

/** @throws SluiceError `internal_error` when the id is not one of ours */
export function workDirOf(downloadDir: string, download: string): string {
  if (!isDownloadId(download)) throw new SluiceError('internal_error', 'A download id is malformed.');
  return join(downloadDir, WORK_ROOT, download);
}

/** The download whose work dir is `path` or holds it; null = none. */
export function downloadOf(downloadDir: string, path: string): string | null {
  const [id = ''] = relative(join(downloadDir, WORK_ROOT), path).split(sep);
  return isDownloadId(id) ? id : null;
}

/**
 * Creates the work dir (0700), or finds that of an earlier attempt. Never creates the
 * download dir itself: if that is gone, a disk may not be mounted.
 * @param confirm confirms that the download dir is the right one, before `.sluice` is created in it
 * @throws SluiceError `disk_missing`, `disk_denied`, `disk_read_only`, `disk_full`, `disk_error`
 */
export async function prepareWorkDir(
  downloadDir: string,
  download: string,
  confirm: () => Promise<void> = () => Promise.resolve(),
): Promise<WorkDir> {
  const path = workDirOf(downloadDir, download);
  try {
    let made = await makeDir(path, { missingParent: 'report' });
    if (made === 'no parent') {
      // A marked folder has it: the disk may have gone a moment ago, and this be what lies under its mount point.
      await confirm();
      await makeDir(join(downloadDir, WORK_ROOT), { missingParent: 'throw' });
      made = await makeDir(path, { missingParent: 'throw' });
    }
    return { path, isNew: made === 'new' };
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Removes the work dir and all in it; a missing one is no error. It is renamed first: after a crash a half-removed dir
 * is recognised by its name, whatever is left in it.
 * @throws SluiceError `disk_*`
 */
export async function removeWorkDir(downloadDir: string, download: string): Promise<void> {
  try {
    await removeDir(await renameForRemoval(downloadDir, download));
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * As `removeWorkDir`, but keeps the renamed dir, with the files of `kept` in it.
 * @returns its path; null = it had to be removed, or was missing
 * @throws SluiceError `disk_*`
 */
export async function emptyWorkDir(
  downloadDir: string,
  download: string,
  kept: readonly string[],
): Promise<string | null> {
  try {
    const renamed = await renameForRemoval(downloadDir, download);
    if (await removeFiles(renamed, kept)) return renamed;
    await removeDir(renamed);
    return null;
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/**
 * Turns an emptied dir into the work dir of a download.
 * @returns false = the emptied dir is gone, or the download has files in a work dir
 */
export async function reuseWorkDir(emptied: string, downloadDir: string, download: string): Promise<boolean> {
  return rename(emptied, workDirOf(downloadDir, download)).then(
    () => true,
    () => false,
  );
}

/** Removes a dir that `emptyWorkDir` returned. */
export async function removeEmptied(path: string): Promise<void> {
  await removeDir(path).catch((thrown: unknown) => {
    throw toDiskError(thrown);
  });
}

/** @returns its new path */
async function renameForRemoval(downloadDir: string, download: string): Promise<string> {
  const path = workDirOf(downloadDir, download);
  const removed = path + REMOVED_SUFFIX;
  await rename(path, removed).catch(async (thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return;
    // Left by an earlier removal that was interrupted.
    await rm(removed, RM_OPTIONS);
    await rename(path, removed);
  });
  return removed;
}

const RM_OPTIONS = { recursive: true, force: true, maxRetries: 2 };

/** Nearly always a file or two: takes fewer calls than `rm`, which stats each before and after. */
async function removeDir(dir: string): Promise<void> {
  const isFlat =
    (await removeFiles(dir, [])) &&
    (await rmdir(dir).then(
      () => true,
      () => false,
    ));
  if (!isFlat) await rm(dir, RM_OPTIONS);
}

/** false = it holds more than files, or is missing. */
async function removeFiles(dir: string, kept: readonly string[]): Promise<boolean> {
  try {
    for (const name of await readdir(dir)) if (!kept.includes(name)) await unlink(join(dir, name));
    return true;
  } catch {
    return false;
  }
}

/** Removes `.sluice` when it is empty: `sluice get` marks no folder, and leaves no trace in it. */
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
    // A symlink would lead an engine's writes elsewhere.
    if (!(await lstat(path)).isDirectory())
      throw new SluiceError('disk_error', 'The work folder is not a folder.');
    return 'there';
  }
}
