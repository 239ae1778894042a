/** Records the bytes on disk and in a client's updates, and computes the staleness of the updates. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One point of a curve: at this time (ms), this many bytes. */
export interface Point {
  atMs: number;
  bytes: number;
}

/** Allocated bytes below a dir: of a preallocated sparse file only the written ones. */
export async function bytesOnDisk(dir: string): Promise<number> {
  let sum = 0;
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const info = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    if (info) sum += Math.min(info.size, info.blocks * 512);
  }
  return sum;
}

/** The `share` (0–1) quantile; NaN of nothing. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

const GRID_MS = 10;

/**
 * The age of the shown number (ms), sampled every 10 ms from the first update to the last: the time since the disk
 * last held no more than what was shown. 0 when the update has more than the disk.
 */
export function staleness(disk: Point[], shown: Point[]): number[] {
  const ages: number[] = [];
  const [first] = shown;
  const last = shown.at(-1);
  if (!first || !last) return ages;
  let shownIndex = 0;
  let diskIndex = 0;
  for (let now = first.atMs; now <= last.atMs; now += GRID_MS) {
    while ((shown[shownIndex + 1]?.atMs ?? Infinity) <= now) shownIndex++;
    const bytes = shown[shownIndex]?.bytes ?? 0;
    while (diskIndex + 1 < disk.length && (disk[diskIndex + 1]?.bytes ?? 0) <= bytes) diskIndex++;
    ages.push(Math.max(0, now - (disk[diskIndex]?.atMs ?? now)));
  }
  return ages;
}
