import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * An id of a run dir, and so of its data dir, unique on the machine: 12 hex digits, created at the first call. A copy of
 * the dir has another one, or two copies would end each other's engines and remove each other's work dirs.
 * @throws the file system's own error when the dir is missing or cannot be written
 */
export function instanceKey(runDir: string): string {
  const path = join(runDir, 'key');
  try {
    // On the disk before any note carries it: after a power cut another key would own nothing.
    writeFileSync(path, randomBytes(16).toString('hex'), { flag: 'wx', mode: 0o600, flush: true });
    syncDir(runDir);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  return keyOfFile(path);
}

/** Like `instanceKey`, but creates none; null = no server was ever started here. */
export function knownInstanceKey(dataDir: string): string | null {
  try {
    return keyOfFile(join(runDirOf(dataDir), 'key'));
  } catch {
    return null;
  }
}

export function runDirOf(dataDir: string): string {
  return join(dataDir, 'run');
}

function syncDir(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function keyOfFile(path: string): string {
  // A copy has another inode.
  const { ino } = statSync(path);
  return createHash('sha256')
    .update(`${readFileSync(path, 'latin1')}:${ino}`)
    .digest('hex')
    .slice(0, 12);
}
