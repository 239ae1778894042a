/**
 * Puts finished files on the disk before they are called complete: fdatasync of each file of a batch, then one fsync of
 * the folder that holds their names. Files of 10 kB synced one by one came to 708/s, in batches to 2,300–3,100/s.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';

/**
 * Half of the thread pool: a large file holds a thread for seconds. One at a time did not keep up with 300 small files
 * a second: after 18,000 of them half still waited.
 */
const CONCURRENT_SYNCS = 2;

/** A file system that has no such call for this kind of file; source: fsync(2). Its writes are all there is. */
const NOT_SUPPORTED = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);
/** A folder that may be written and not read: its names cannot be synced, as they cannot be on some network shares. */
const NOT_READABLE = new Set(['EACCES', 'EPERM']);

export interface Syncer {
  /**
   * Resolves once the bytes of the file and the names in the folder are on the disk.
   * @throws the errno of opening or syncing either of them
   */
  sync(path: string): Promise<void>;
}

interface Waiting {
  path: string;
  resolve: () => void;
  reject: (thrown: unknown) => void;
}

/** @param syncPath of a file by `datasync`, of the folder by `sync`: a test can slow it down or let it fail */
export function createSyncer(downloadDir: string, syncPath: SyncPath = syncOnDisk): Syncer {
  let waiting: Waiting[] = [];
  let lanes = 0;

  /** A lane takes all that waits: while it is busy with a large file, the other one goes on. */
  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const files = waiting;
      waiting = [];
      const synced: Waiting[] = [];
      for (const file of files) {
        await syncPath(file.path, 'datasync').then(() => synced.push(file), file.reject);
      }
      if (synced.length === 0) continue;
      try {
        await syncPath(downloadDir, 'sync');
        for (const { resolve } of synced) resolve();
      } catch (thrown) {
        for (const { reject } of synced) reject(thrown);
      }
    }
    lanes--;
  }

  return {
    sync(path) {
      return new Promise((resolve, reject) => {
        waiting.push({ path, resolve, reject });
        if (lanes === CONCURRENT_SYNCS) return;
        lanes++;
        void run();
      });
    },
  };
}

export type SyncPath = (path: string, how: 'sync' | 'datasync') => Promise<void>;

/** @throws the errno */
export const syncOnDisk: SyncPath = async (path, how) => {
  let handle;
  try {
    // The folder may be named by a symlink, a file of ours never is one.
    handle = await open(path, constants.O_RDONLY | (how === 'datasync' ? constants.O_NOFOLLOW : 0));
  } catch (thrown) {
    if (how === 'sync' && NOT_READABLE.has(errnoOf(thrown) ?? '')) return;
    throw thrown;
  }
  try {
    await handle[how]();
  } catch (thrown) {
    if (!NOT_SUPPORTED.has(errnoOf(thrown) ?? '')) throw thrown;
  } finally {
    await handle.close();
  }
};
