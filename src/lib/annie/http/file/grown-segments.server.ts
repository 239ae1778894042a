/**
 * How much of a body was written beyond what was saved of it, seen from the file itself. Each segment is written in order
 * into a file that was empty: up to its last byte that is not zero everything was written, and in the segment at the end
 * of the file everything up to that end.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { SavedSegment } from './segments.ts';

/** A piece of zeros this long ends the search: bytes that are zero in truth are fetched again. */
const PIECE_BYTES = 64 * 1024;

/** @param size of the file; a file longer than it should be shows nothing */
export async function grownSegments(
  path: string,
  size: number,
  { segments, totalBytes }: { segments: SavedSegment[]; totalBytes: number },
): Promise<SavedSegment[]> {
  if (size > totalBytes || size <= 0) return segments;
  const isDone = segments.every(([, end, written]) => written >= Math.min(end, size));
  if (isDone) return segments;
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return segments;
  try {
    const grown: SavedSegment[] = [];
    for (const [start, end, written] of segments) {
      if (size <= written) grown.push([start, end, written]);
      else if (size <= end) grown.push([start, end, size]);
      else grown.push([start, end, await endOfBytes(file, written, end)]);
    }
    return grown;
  } catch {
    return segments;
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Behind the last byte from `from` on that is not zero, as far as no whole piece is. */
async function endOfBytes(file: FileHandle, from: number, end: number): Promise<number> {
  const piece = Buffer.alloc(PIECE_BYTES);
  let last = from;
  for (let at = from; at < end;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE_BYTES, end - at), at);
    let length = bytesRead;
    while (length > 0 && piece[length - 1] === 0) length--;
    if (length === 0) break;
    last = at + length;
    at += bytesRead;
  }
  return last;
}
