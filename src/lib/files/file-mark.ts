/** Which file it was that landed under a name: the name alone is given again once somebody moves the file away. Pure. */

/** FAT and exFAT keep times in steps of 2 s, and show finer ones only until they are mounted anew. */
const COARSEST_MTIME_MS = 2_000;
/** What copies a time as a number of seconds may round it. */
const ROUNDING_MS = 1;

export interface FileIdentity {
  /** Decimal text. */
  inode: string;
  /** When its inode was made; 0 = the file system does not say. */
  bornMs: number;
  modifiedMs: number;
  bytes: number;
}

export function markOf({ inode, bornMs, modifiedMs, bytes }: FileIdentity): string {
  return [inode, bornMs, modifiedMs, bytes].join(':');
}

/**
 * Whether `found` is the file that was marked: by inode and birth (numbers of inodes are given again too), then it may
 * have been edited; or by time and size, then it may have been copied to another disk.
 */
export function hasMark(found: FileIdentity, mark: string): boolean {
  const [inode, bornMs, modifiedMs, bytes] = mark.split(':');
  if (found.inode === inode && found.bornMs > 0 && found.bornMs === Number(bornMs)) return true;
  const tolerance = found.modifiedMs % COARSEST_MTIME_MS === 0 ? COARSEST_MTIME_MS : ROUNDING_MS;
  return found.bytes === Number(bytes) && Math.abs(found.modifiedMs - Number(modifiedMs)) <= tolerance;
}
