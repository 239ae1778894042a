/**
 * Which start of the machine this is. Notes about bytes carry it: in the same boot the page cache still holds what a
 * killed process wrote; after another one (a power cut) only what was synced is on the disk.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A new UUID at each boot, the same in all containers of one kernel. Source: random(4). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * The id of this boot, read once. Where there is none it is random for each process: every start then counts as
 * another boot, which costs bytes and never trusts any.
 */
let current: string | null = null;

/** How often the disk of the download folder may have lost its dirty pages since it was first used (`DownloadRoot`). */
let diskEpoch = 0;

/**
 * The id of the present boot of the machine, at most 36 characters; behind it the epoch of the download disk, if that was
 * ever missing or failing: what it had not written by then is as lost as after another boot.
 */
export function bootId(): string {
  current ??= readBootId(BOOT_ID);
  return diskEpoch === 0 ? current : `${current}:${diskEpoch}`;
}

/** Notes that are written from now on are of this epoch. */
export function setDiskEpoch(epoch: number): void {
  diskEpoch = epoch;
}

/** The id that `path` holds; a random one where it cannot be read. */
export function readBootId(path: string): string {
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f-]{36}$/i.test(id)) return id;
  } catch {
    // Not Linux, or /proc is hidden.
  }
  return randomUUID();
}

/** For tests: what `bootId` returns from now on; null = read it again. */
export function setBootId(id: string | null): void {
  current = id;
}
