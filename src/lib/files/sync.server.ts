/**
 * Makes finished files survive a power cut, after `done` and off its way: fdatasync of each file, then one fsync
 * of the folder for all that landed meanwhile. The work dir of a download is removed only after its file is synced, so
 * what a power cut interrupts is seen.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { asDiskError } from './disk-error.ts';

/**
 * Half of the thread pool: a large file holds a thread for seconds. One at a time could not keep up with 300 small files
 * a second: after 18,000 of them half still waited.
 */
const AT_ONCE = 2;

export interface Syncer {
  /** Resolves once the file and its name are on the disk, or cannot be brought there (reported to `onError`). */
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
      for (const name of left) await flush(join(downloadDir, name), 'datasync').catch(onError);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await flush(downloadDir, 'sync').catch(onError);
  }

  return {
    sync(name) {
      batch.push(name);
      next ??= running = running.then(run);
      return next;
    },
  };
}

async function flush(path: string, how: 'sync' | 'datasync'): Promise<void> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await handle[how]();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    // deleted or renamed by its owner meanwhile; a folder that cannot be fsynced (some network shares)
    const code = asDiskError(thrown)?.code;
    if (code !== undefined && code !== 'disk_missing') throw thrown;
  }
}
