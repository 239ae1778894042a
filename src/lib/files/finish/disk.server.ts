/** The file system calls of finishing, as a port: a test can fail or crash at any of them. */
import { link, lstat, open, readFile, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { errnoOf } from '../disk-error.ts';
import type { FileIdentity } from '../file-mark.ts';

export const realDisk = { link, lstat, open, readFile, readdir, rename, rm, unlink, writeFile };
export type Disk = typeof realDisk;

export interface FileStat extends FileIdentity {
  device: bigint;
}

/** null = missing, or not a regular file. Symlinks are not followed. */
export async function statFile(path: string, disk: Disk = realDisk): Promise<FileStat | null> {
  try {
    const stat = await disk.lstat(path, { bigint: true });
    if (!stat.isFile()) return null;
    return {
      inode: stat.ino.toString(),
      device: stat.dev,
      bytes: Number(stat.size),
      bornMs: Number(stat.birthtimeMs),
      modifiedMs: Number(stat.mtimeMs),
    };
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw thrown;
  }
}
