/**
 * Bytes whose sync failed are clean to the kernel: a later sync succeeds without them. A process that was killed just then has
 * told nobody. So what an earlier process left in the page cache, and no note calls synced, is written again, as it is read,
 * before it is synced.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';

const CHUNK_BYTES = 1024 * 1024;

/** From the first byte, which counts, to the second, which does not. */
export type WrittenRange = readonly [from: number, to: number];

/**
 * Nothing of the file changes, nor its date. Does nothing where there is no such file.
 * @throws the errno of the disk
 */
export async function writeAgain(path: string, ranges: readonly WrittenRange[]): Promise<void> {
  if (ranges.length === 0) return;
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ELOOP') return null;
    throw thrown;
  });
  if (handle === null) return;
  try {
    const { atimeNs, mtimeNs } = await handle.stat({ bigint: true });
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (const [from, to] of ranges) {
      for (let at = from; at < to;) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK_BYTES, to - at), at);
        if (bytesRead === 0) break;
        await handle.write(buffer, 0, bytesRead, at);
        at += bytesRead;
      }
    }
    await handle.utimes(secondsOf(atimeNs), secondsOf(mtimeNs));
  } finally {
    await handle.close();
  }
}

/** Half a microsecond more, as a double is that exact: the same millisecond, which is part of the file's mark. */
function secondsOf(ns: bigint): number {
  return Number(ns / 1000n) / 1e6 + 5e-7;
}

/** What of `ranges` is in none of `others`. */
export function rangesWithout(
  ranges: readonly WrittenRange[],
  others: readonly WrittenRange[],
): WrittenRange[] {
  let left = ranges.filter(([from, to]) => from < to);
  for (const [start, end] of others) {
    left = left.flatMap(([from, to]): WrittenRange[] => {
      if (end <= from || to <= start) return [[from, to]];
      const parts: WrittenRange[] = [
        [from, Math.min(start, to)],
        [Math.max(end, from), to],
      ];
      return parts.filter(([first, last]) => first < last);
    });
  }
  return left;
}
