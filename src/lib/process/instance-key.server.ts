import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Names a run dir, and with it the data dir around it, among all on the machine: 12 hex digits, made at the first
 * call. A copied dir gets another name, or two copies would end each other's engines and remove each other's work.
 * @throws the file system's own error when the dir is not there or cannot be written
 */
export function instanceKey(runDir: string): string {
  const path = join(runDir, 'key');
  try {
    writeFileSync(path, randomBytes(16).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  return nameOf(path);
}

/** As `instanceKey`, but makes none. null = no server was started here. */
export function knownInstanceKey(dataDir: string): string | null {
  try {
    return nameOf(join(runDirOf(dataDir), 'key'));
  } catch {
    return null;
  }
}

export function runDirOf(dataDir: string): string {
  return join(dataDir, 'run');
}

function nameOf(path: string): string {
  // the inode is what a copy does not have
  const { ino } = statSync(path);
  return createHash('sha256')
    .update(`${readFileSync(path, 'latin1')}:${ino}`)
    .digest('hex')
    .slice(0, 12);
}
