/**
 * The second name of a finished file, in its work dir, until that is removed. After a power cut the journal may be
 * empty, but a file system that keeps a name also keeps how many names its file has: so a file that got its name in the
 * download folder, and not all of its bytes, is found by this one.
 */
import { join } from 'node:path';
import { realDisk, type Disk } from './disk.server.ts';

const PREFIX = 'landed.';

/** Beside the journal. `source` is relative to the work dir; only the last part of it is kept. */
export function landedLinkOf(workDir: string, source: string): string {
  return join(workDir, PREFIX + source.slice(source.lastIndexOf('/') + 1));
}

/** The name that a file had before it landed; null = it is no such link. */
export function sourceOfLink(name: string): string | null {
  return name.startsWith(PREFIX) && name.length > PREFIX.length ? name.slice(PREFIX.length) : null;
}

/** The link of the last move; null = none: the file system has no links. */
export async function findLink(workDir: string): Promise<string | null> {
  const names = await realDisk.readdir(workDir);
  const name = names.find((each) => sourceOfLink(each) !== null);
  return name === undefined ? null : join(workDir, name);
}

/** Removes the links of an earlier move. */
export async function removeLinks(workDir: string, disk: Disk): Promise<void> {
  for (const name of await disk.readdir(workDir).catch(() => [])) {
    if (sourceOfLink(name) !== null) await disk.rm(join(workDir, name), { force: true });
  }
}
