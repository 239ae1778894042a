/**
 * Moves a file where link() does not work (exFAT, some network shares, another file system): an empty file created
 * with O_EXCL claims the name, then ours replaces it by rename or, across file systems, is copied into it.
 */
import { errnoOf } from '../disk-error.ts';
import { statFile, type Disk, type FileStat } from './disk.server.ts';
import { writeJournal, type Journal } from './journal.server.ts';

/** exFAT stores times in steps of 2 s. */
const COARSEST_MTIME_MS = 2_000;
const COPY_BYTES = 1 << 20;

interface ClaimedMove {
  workDir: string;
  journal: Journal;
  disk: Disk;
  source: string;
  target: string;
}

/** Claims are made one at a time in this process, so that `resumeClaim` never sees the empty file of another download. */
let lastClaim: Promise<unknown> = Promise.resolve();

/** Moves the file to a free name. false = the name is taken. */
export function claimAndMove(landing: ClaimedMove): Promise<boolean> {
  return afterLastClaim(async () => {
    await writeJournal(landing.workDir, { ...landing.journal, claim: 'pending' }, landing.disk);
    const claim = await claimName(landing);
    if (claim === null) return false;
    await replace(landing, claim);
    return true;
  });
}

/**
 * Resumes a claim that a crash interrupted: the recorded one, or an empty file created after the journal named this
 * target (the crash came between creating and recording it). false = the file at the target is not ours.
 */
export function resumeClaim(landing: ClaimedMove): Promise<boolean> {
  return afterLastClaim(async () => {
    const { journal, target, disk } = landing;
    const found = await statFile(target, disk);
    if (found === null || !isOwnClaim(found, journal)) return false;
    await replace(landing, found.inode);
    return true;
  });
}

/** Whether a file at the journal's target is our claim on that name, empty or with content. */
export function isOwnClaim(found: FileStat, journal: Journal): boolean {
  if (found.inode === journal.claim) return true;
  const isFresh = found.bytes === 0 && found.modifiedMs >= journal.at - COARSEST_MTIME_MS;
  return journal.claim === 'pending' && isFresh;
}

function afterLastClaim<T>(work: () => Promise<T>): Promise<T> {
  const claim = lastClaim.then(work);
  lastClaim = claim.catch(() => undefined);
  return claim;
}

async function claimName({ target, disk }: ClaimedMove): Promise<string | null> {
  let handle;
  try {
    handle = await disk.open(target, 'wx');
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') return null;
    throw thrown;
  }
  try {
    return (await handle.stat({ bigint: true })).ino.toString();
  } finally {
    await handle.close();
  }
}

async function replace(
  { workDir, journal, disk, source, target }: ClaimedMove,
  claim: string,
): Promise<void> {
  await writeJournal(workDir, { ...journal, claim }, disk);
  try {
    await disk.rename(source, target);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EXDEV') throw thrown;
    await copyInto(source, target, disk);
    await disk.rm(source, { force: true });
  }
}

async function copyInto(source: string, target: string, disk: Disk): Promise<void> {
  const from = await disk.open(source, 'r');
  try {
    const to = await disk.open(target, 'r+');
    try {
      await to.truncate(0);
      const buffer = Buffer.allocUnsafe(COPY_BYTES);
      let position = 0;
      for (;;) {
        const { bytesRead } = await from.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) break;
        await writeAll(to, buffer.subarray(0, bytesRead), position);
        position += bytesRead;
      }
      // The source is deleted next: its copy must be on the disk by then.
      await to.datasync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function writeAll(
  to: Awaited<ReturnType<Disk['open']>>,
  bytes: Buffer,
  position: number,
): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await to.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}
