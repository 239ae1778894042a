/**
 * Where engines work: `DOWNLOAD_DIR/.sluice/<download id>/`, on the same file system as the result, so that
 * finishing is a link and not a copy. One dir a download; attempts follow one another in it and resume its bytes.
 */
import { lstat, mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import { errnoOf, toDiskError } from './disk-error.ts';

export const WORK_ROOT = '.sluice';
/** Ends the name of a work dir that is being removed: no id has a dot. */
export const REMOVED = '.removed';

/** Ids become a path: only nanoid's alphabet, and a bounded length. */
const DOWNLOAD_ID = /^[A-Za-z0-9_-]{1,64}$/;

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
 * Creates the work dir (0700), or finds what an earlier attempt left, and returns its path. Never creates the
 * download dir itself: if that is gone, a disk may not be mounted.
 * @throws SluiceError `disk_missing`, `disk_denied`, `disk_read_only`, `disk_full`, `disk_error`
 */
export async function prepareWorkDir(downloadDir: string, download: string): Promise<string> {
  const path = workDirOf(downloadDir, download);
  try {
    if (await makeDir(path, { missingParent: 'report' })) return path;
    await makeDir(join(downloadDir, WORK_ROOT), { missingParent: 'throw' });
    await makeDir(path, { missingParent: 'throw' });
  } catch (thrown) {
    throw toDiskError(thrown);
  }
  return path;
}

/**
 * Removes the work dir and all in it; one that is not there is fine. It goes by a name that says so first: whoever
 * finds a half-removed one after a crash knows that, whatever is left in it.
 * @throws SluiceError `disk_*`
 */
export async function removeWorkDir(downloadDir: string, download: string): Promise<void> {
  const path = workDirOf(downloadDir, download);
  const removed = path + REMOVED;
  const options = { recursive: true, force: true, maxRetries: 2 };
  try {
    await rename(path, removed).catch(async (thrown: unknown) => {
      if (errnoOf(thrown) === 'ENOENT') return;
      // an earlier one that somebody was killed removing
      await rm(removed, options);
      await rename(path, removed);
    });
    await rm(removed, options);
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

/** Takes `.sluice` away when nothing is left in it, so that a folder used once shows no trace of us. */
export async function removeWorkRoot(downloadDir: string): Promise<void> {
  await rmdir(join(downloadDir, WORK_ROOT)).catch(() => undefined);
}

async function makeDir(
  path: string,
  { missingParent }: { missingParent: 'report' | 'throw' },
): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' && missingParent === 'report') return false;
    if (errno !== 'EEXIST') throw thrown;
    // a symlink would lead an engine's writes elsewhere
    if (!(await lstat(path)).isDirectory())
      throw new SluiceError('disk_error', 'The work folder is not a folder.');
    return true;
  }
}
