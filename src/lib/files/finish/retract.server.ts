/**
 * After a power cut: takes a file that landed, but was not synced, out of the download folder again. It may be shorter
 * than its name promises, or full of zeros; what of it can be kept is for its engine to say.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { bootId } from '../boot-id.server.ts';
import { errnoOf, toDiskError } from '../disk-error.ts';
import { realDisk, statFile } from './disk.server.ts';
import { findJournal, type FoundJournal, removeJournal, type Journal } from './journal.server.ts';
import { sourceOfLink } from './landed-link.server.ts';

/** What our own engine notes of a file. That of a track says what of it was synced, and nothing else is trusted. */
const ENGINE_MAP = /^http-state\.json$/;

interface Folders {
  workDir: string;
  downloadDir: string;
}

/** Whether what the journal says about bytes holds: nothing was lost with the page cache since, or they were synced. */
export function isTrusted({ boot, synced }: Pick<Journal, 'boot' | 'synced'>): boolean {
  return synced === true || boot === bootId();
}

/**
 * Undoes a move of another boot whose file was not synced; does nothing otherwise. Bytes that still have a name in the
 * work dir stay there under their first one, but our own engine forgets which of them it has.
 * @throws SluiceError `disk_*`
 */
export async function retractUnsynced(folders: Folders): Promise<void> {
  const { workDir, downloadDir } = folders;
  try {
    const found = await findJournal(workDir, realDisk);
    const journal = found.state === 'own' ? found.journal : null;
    if (journal !== null && isTrusted(journal)) return;
    if (journal !== null) await unlinkTarget(folders, journal);
    const names = await realDisk.readdir(workDir);
    let hasLanded = journal !== null;
    for (const name of names) {
      const others = await otherNames(join(workDir, name), downloadDir, found);
      if (others.length > 0) hasLanded = true;
      if (others === 'of another download') {
        await realDisk.rm(join(workDir, name));
        continue;
      }
      for (const other of others) await realDisk.unlink(join(downloadDir, other));
      const source = sourceOfLink(name);
      if (source === null) continue;
      hasLanded = true;
      await rename(join(workDir, name), join(workDir, journal?.source ?? source)).catch(() => undefined);
    }
    // Before the journal: a crash in between is followed by the same steps.
    if (hasLanded)
      for (const name of names) if (ENGINE_MAP.test(name)) await realDisk.rm(join(workDir, name));
    await removeJournal(workDir, realDisk);
  } catch (thrown) {
    // There is no work dir: nothing was moved out of it.
    if (errnoOf(thrown) === 'ENOENT') return;
    throw toDiskError(thrown);
  }
}

/** Whatever its size is now: the inode says that it is ours. */
async function unlinkTarget({ workDir, downloadDir }: Folders, journal: Journal): Promise<void> {
  const target = join(downloadDir, journal.target);
  const found = await statFile(target);
  if (found === null) return;
  const isSameDisk = found.device === (await realDisk.lstat(workDir, { bigint: true })).dev;
  const isMoved = isSameDisk && found.inode === journal.inode;
  if (isMoved || found.inode === journal.claim) await realDisk.unlink(target);
}

/**
 * Of a file of a work dir that has more than one name: the others are in the download folder, under any name. A download
 * writes its journal before its file gets a name there. So without one, or with that of a download that had the dir before,
 * it is the file of the latter, and complete.
 */
async function otherNames(
  path: string,
  downloadDir: string,
  journal: FoundJournal,
): Promise<string[] | 'of another download'> {
  const own = await realDisk.lstat(path, { bigint: true });
  if (!own.isFile() || own.nlink < 2n) return [];
  const isOther = journal.state === 'other' && journal.journal.inode === own.ino.toString();
  if (isOther || journal.state === 'none') return 'of another download';
  const found: string[] = [];
  for (const name of await realDisk.readdir(downloadDir)) {
    const other = await statFile(join(downloadDir, name));
    if (other?.inode === own.ino.toString() && other.device === own.dev) found.push(name);
  }
  return found;
}
