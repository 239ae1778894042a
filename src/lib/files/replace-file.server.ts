/** Replaces a small file of ours: readers see the old contents or the new ones, also after a crash. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Disk, realDisk } from './finish/disk.server.ts';
import { syncOnDisk } from './sync.server.ts';

/** Written first, and renamed once it is complete; never read. */
export function draftOf(path: string): string {
  return `${path}.new`;
}

interface ReplaceOptions {
  /** What is on the disk when it returns: nothing, the contents, or its name as well. */
  synced?: 'nothing' | 'contents' | 'name';
  /**
   * An earlier draft is written over, which creates no file; a link that an engine made of it would be followed. Without
   * this it is removed first.
   */
  reusesDraft?: boolean;
  disk?: Pick<Disk, 'rename' | 'rm' | 'writeFile'>;
}

/** @throws the file system's own error */
export async function replaceFile(
  path: string,
  text: string,
  { synced = 'nothing', reusesDraft = false, disk = realDisk }: ReplaceOptions = {},
): Promise<void> {
  const draft = draftOf(path);
  if (!reusesDraft) await disk.rm(draft, { force: true, recursive: true });
  // wx opens nothing that exists, not even through a link.
  const flag = reusesDraft ? 'w' : 'wx';
  await disk.writeFile(draft, text, { flag, mode: 0o600, flush: synced !== 'nothing' });
  await disk.rename(draft, path);
  if (synced === 'name') await syncOnDisk(dirname(path), 'sync');
}

/** For a folder that no engine can write: contents and name are synced. @throws the file system's own error */
export function replaceFileSync(path: string, text: string): void {
  writeFileSync(draftOf(path), text, { mode: 0o600, flush: true });
  renameSync(draftOf(path), path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
