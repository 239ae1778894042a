/** A mark identifies a finished file: its name alone is given again once the file is moved away. */

/** FAT and exFAT store times in steps of 2 s, and show finer ones only until they are mounted again. */
const COARSEST_MTIME_MS = 2_000;
/** Tools that copy a time as a number of seconds may round it. */
const ROUNDING_MS = 1;

export interface FileIdentity {
  /** Decimal text. */
  inode: string;
  /** When its inode was created; 0 = the file system does not report it. */
  bornMs: number;
  modifiedMs: number;
  bytes: number;
}

export function markOf({ inode, bornMs, modifiedMs, bytes }: FileIdentity): string {
  return [inode, bornMs, modifiedMs, bytes].join(':');
}

/**
 * Whether `found` is the marked file: by inode and birth time (inode numbers are reused), so that it may have been
 * edited; or by modification time and size, so that it may have been copied to another disk.
 */
export function hasMark(found: FileIdentity, mark: string): boolean {
  const [inode, bornMs, modifiedMs, bytes] = mark.split(':');
  if (found.inode === inode && found.bornMs > 0 && found.bornMs === Number(bornMs)) return true;
  const tolerance = found.modifiedMs % COARSEST_MTIME_MS === 0 ? COARSEST_MTIME_MS : ROUNDING_MS;
  return found.bytes === Number(bytes) && Math.abs(found.modifiedMs - Number(modifiedMs)) <= tolerance;
}
