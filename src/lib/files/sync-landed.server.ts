/** Puts one landed file on the disk, whatever somebody does with it meanwhile. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import { errnoOf } from './disk-error.ts';
import { statFile } from './finish/disk.server.ts';
import { findLink } from './finish/landed-link.server.ts';
import type { Syncer } from './sync.server.ts';

interface Landed {
  workDir: string;
  downloadDir: string;
  /** Base name in the download dir. */
  name: string;
}

/**
 * By its name in the work dir, where it has one: programs that watch a folder move its files away at once.
 * @throws SluiceError `file_missing` when it was deleted; the errno of a sync that failed
 */
export async function syncLanded({ workDir, downloadDir, name }: Landed, syncer: Syncer): Promise<void> {
  const target = join(downloadDir, name);
  const link = await findLink(workDir);
  try {
    await syncer.sync(link ?? target);
  } catch (thrown) {
    // The folder is there, or this throws.
    if (errnoOf(thrown) === 'ENOENT') await lstat(downloadDir);
    throw isGone(thrown) ? missing(thrown) : thrown;
  }
  const hasMoved = (await statFile(target)) === null;
  if (hasMoved && (link === null || (await lstat(link)).nlink < 2)) throw missing(null);
}

/** ELOOP: a symlink is in its place. */
function isGone(thrown: unknown): boolean {
  return ['ENOENT', 'ELOOP'].includes(errnoOf(thrown) ?? '');
}

function missing(cause: unknown): SluiceError {
  return new SluiceError('file_missing', 'The finished file vanished while it was saved.', { cause });
}
