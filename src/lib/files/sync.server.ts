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
  return new BatchSyncer(downloadDir, syncPath, now);
}

class BatchSyncer implements Syncer {
  readonly #dir: string;
  readonly #syncPath: SyncPath;
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  /** Those whose folder is still to be synced. */
  #synced: Waiting[] = [];
  #running = 0;
  #isFolderRunning = false;
  #limit = CONCURRENT_SYNCS;
  #folderSyncedMs = -Infinity;

  constructor(dir: string, syncPath: SyncPath, now: () => number) {
    [this.#dir, this.#syncPath, this.#now] = [dir, syncPath, now];
  }

  sync(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ path, resolve, reject });
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#running < this.#limit) {
      const next = this.#isFolderNext() ? null : this.#waiting.shift();
      if (next === undefined) return;
      this.#running++;
      void (next === null ? this.#syncFolder() : this.#syncFile(next)).finally(() => {
        this.#running--;
        this.#startNext();
      });
    }
  }

  #isFolderNext(): boolean {
    if (this.#isFolderRunning || this.#synced.length === 0) return false;
    if (this.#waiting.length === 0 || this.#synced.length >= MAX_BATCH) return true;
    return this.#now() - this.#folderSyncedMs >= MAX_BATCH_MS;
  }

  async #syncFile(file: Waiting): Promise<void> {
    await this.#syncPath(file.path, 'datasync').then(() => this.#synced.push(file), file.reject);
  }

  async #syncFolder(): Promise<void> {
    const files = this.#synced;
    this.#synced = [];
    this.#isFolderRunning = true;
    const startedMs = this.#now();
    try {
      await this.#syncPath(this.#dir, 'sync');
      for (const { resolve } of files) resolve();
    } catch (thrown) {
      for (const { reject } of files) reject(thrown);
    } finally {
      this.#isFolderRunning = false;
      this.#folderSyncedMs = this.#now();
      const isSlow = this.#folderSyncedMs - startedMs >= SLOW_SYNC_MS;
      this.#limit = isSlow ? CONCURRENT_SLOW_SYNCS : CONCURRENT_SYNCS;
    }
  }
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
