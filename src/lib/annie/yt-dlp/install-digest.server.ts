/** A digest of an installation: a file changed since is noticed before it runs. */
import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Files read in one turn of the event loop, without threads: a hand-over to a thread costs more than a file of 8 kB, and
 * the store on the same disk is read in this thread too. 2,500 files take 0.1 s of CPU; through threads it was 0.28.
 */
const BATCH = 16;
const BLOCK_BYTES = 64 * 1024;

/**
 * Over names, links and contents of all files below, but for one at the top.
 * @returns SHA-256 in hex @throws the file system's own error
 */
export async function digestOf(dir: string, except: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({
      path: join(entry.parentPath, entry.name).slice(dir.length + 1),
      isLink: entry.isSymbolicLink(),
    }))
    .filter(({ path }) => path !== except)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const whole = createHash('sha256');
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  for (const [n, { path, isLink }] of files.entries()) {
    if (n % BATCH === BATCH - 1) await nextTurn();
    const full = join(dir, path);
    const digest = isLink ? hash('sha256', readlinkSync(full)) : hashFile(full, block);
    whole.update(`${path}\0${isLink ? 'link' : 'file'}\0${digest}\n`);
  }
  return whole.digest('hex');
}

/** @param block is overwritten: a buffer for each file would stay with the process, 8 MB in all */
function hashFile(path: string, block: Buffer): string {
  const digest = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    for (let bytes = readSync(file, block); bytes > 0; bytes = readSync(file, block))
      digest.update(block.subarray(0, bytes));
  } finally {
    closeSync(file);
  }
  return digest.digest('hex');
}
