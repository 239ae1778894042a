/**
 * Makes finished files survive a power cut, after `done` and without delaying it: fdatasync of each file of a batch,
 * then one fsync of the folder. A work dir is removed only after its file is synced, so that a power cut before that
 * leaves it behind.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { asDiskError } from './disk-error.ts';

/**
 * Half of the thread pool: a large file holds a thread for seconds. One at a time did not keep up with 300 small files
 * a second: after 18,000 of them half still waited.
 */
const CONCURRENT_SYNCS = 2;

export interface Syncer {
  /** Resolves once the file and its name are synced, or cannot be (reported to `onError`). */
  sync(name: string): Promise<void>;
}

export function createSyncer(downloadDir: string, onError: (error: unknown) => void): Syncer {
  let batch: string[] = [];
  let next: Promise<void> | null = null;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    const names = batch;
    batch = [];
    next = null;
    const left = names.values();
    const work = async (): Promise<void> => {
      for (const name of left) await syncPath(join(downloadDir, name), 'datasync').catch(onError);
    };
    await Promise.all(Array.from({ length: CONCURRENT_SYNCS }, work));
    await syncPath(downloadDir, 'sync').catch(onError);
  }

  return {
    sync(name) {
      batch.push(name);
      next ??= running = running.then(run);
      return next;
    },
  };
}

async function syncPath(path: string, how: 'sync' | 'datasync'): Promise<void> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await handle[how]();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    // Fine: a file that the user deleted or moved meanwhile, a folder that cannot be fsynced (some network shares).
    const code = asDiskError(thrown)?.code;
    if (code !== undefined && code !== 'disk_missing') throw thrown;
  }
}
