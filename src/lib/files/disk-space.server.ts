import type { Stats } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import { errnoOf } from './disk-error.ts';

export interface DiskSpace {
  /** Free to a user who is not root. */
  freeBytes: number;
  totalBytes: number;
}

/** The unit of `stat`'s block count, whatever the disk's own block size. Source: POSIX, sys/stat.h. */
const BLOCK_BYTES = 512;

/** Space on the disk that holds `dir`; null where the file system does not report it. @throws SluiceError `disk_missing` */
export async function measureSpace(dir: string): Promise<DiskSpace | null> {
  try {
    const { bsize, bavail, blocks } = await statfs(dir);
    return blocks > 0 ? { freeBytes: bavail * bsize, totalBytes: blocks * bsize } : null;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new SluiceError('disk_missing', undefined, { cause: thrown });
    }
    return null;
  }
}

/** Bytes on disk of the files in `dir`, without holes; 0 when it cannot be read. Not recursive. */
export async function occupiedBytes(dir: string): Promise<number> {
  const names = await readdir(dir).catch(() => []);
  const found = await Promise.all(names.map((name) => lstat(join(dir, name)).catch(() => null)));
  return found.reduce((sum, stat) => sum + (stat?.isFile() === true ? allocatedBytes(stat) : 0), 0);
}

function allocatedBytes({ blocks, size }: Stats): number {
  return Math.min(blocks * BLOCK_BYTES, size);
}
