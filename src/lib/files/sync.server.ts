/**
 * Puts finished files on the disk before they are called complete: fdatasync of each file of a batch, then one fsync of
 * the folder that holds their names. Files of 10 kB synced one by one came to 708/s, in batches to 2,300–3,100/s.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';

/** One at a time did not keep up with 300 small files a second: after 18,000 of them half still waited. */
const CONCURRENT_SYNCS = 2;
/**
 * Where a sync takes long because the disk answers late (a NAS: 100 ms), two at once would be 20 files a second, and more
 * at once cost it nothing: 64 are 640 a second, twice what the server fetches. Each holds a thread of the pool
 * (`bin/thread-pool.js`).
 */
const CONCURRENT_SLOW_SYNCS = 64;
/** Of a folder, which is hardly any data: what is longer is the disk's answer. */
const SLOW_SYNC_MS = 25;
/** Files that wait for one sync of their folder while others are still being synced. */
const MAX_BATCH = 64;
/**
 * ms that they wait for it at most: two at once on a slow disk took 3 s for 64 files, and only the sync of a folder shows that
 * a disk is slow.
 */
const MAX_BATCH_MS = 100;

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

/**
 * @param syncPath of a file by `datasync`, of the folder by `sync`: a test can slow it down or let it fail
 * @param now ms
 */
export function createSyncer(
  downloadDir: string,
  syncPath: SyncPath = syncOnDisk,
  now = (): number => performance.now(),
): Syncer {
  const waiting: Waiting[] = [];
  /** Those whose folder is still to be synced. */
  let synced: Waiting[] = [];
  let running = 0;
  let isFolderRunning = false;
  let limit = CONCURRENT_SYNCS;
  let folderSyncedMs = -Infinity;

  function startNext(): void {
    while (running < limit) {
      const isDue = synced.length >= MAX_BATCH || now() - folderSyncedMs >= MAX_BATCH_MS;
      const isBatch = waiting.length === 0 || isDue;
      const next = !isFolderRunning && synced.length > 0 && isBatch ? null : waiting.shift();
      if (next === undefined) return;
      running++;
      void (next === null ? syncFolder() : syncFile(next)).finally(() => {
        running--;
        startNext();
      });
    }
  }

  async function syncFile(file: Waiting): Promise<void> {
    await syncPath(file.path, 'datasync').then(() => synced.push(file), file.reject);
  }

  async function syncFolder(): Promise<void> {
    const files = synced;
    synced = [];
    isFolderRunning = true;
    const startedMs = now();
    try {
      await syncPath(downloadDir, 'sync');
      for (const { resolve } of files) resolve();
    } catch (thrown) {
      for (const { reject } of files) reject(thrown);
    } finally {
      isFolderRunning = false;
      folderSyncedMs = now();
      limit = folderSyncedMs - startedMs < SLOW_SYNC_MS ? CONCURRENT_SYNCS : CONCURRENT_SLOW_SYNCS;
    }
  }

  return {
    sync(path) {
      return new Promise((resolve, reject) => {
        waiting.push({ path, resolve, reject });
        startNext();
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
    await syncHandle(handle, how);
  } finally {
    await handle.close();
  }
};

/** @throws the errno */
export async function syncHandle(
  handle: Pick<FileHandle, 'sync' | 'datasync'>,
  how: 'sync' | 'datasync',
): Promise<void> {
  try {
    await handle[how]();
  } catch (thrown) {
    if (!NOT_SUPPORTED.has(errnoOf(thrown) ?? '')) throw thrown;
  }
}
