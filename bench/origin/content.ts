/** The content of the files: generated, the same in every process, and different at every position. */
import { createHash } from 'node:crypto';

/** A prime, so that a block written a whole number of MiB off changes the hash. */
const BLOCK_BYTES = 1_048_573;

const block = Buffer.alloc(BLOCK_BYTES);
// Not zeroes: a sparse or compressing file system would count them as nothing on the disk.
for (let at = 0, seed = 1; at < BLOCK_BYTES; at++) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  block[at] = seed >>> 16;
}

/** The bytes from `start`, at most one block, not beyond `end`. Not a copy. */
export function contentAt(start: number, end: number): Buffer {
  const from = start % BLOCK_BYTES;
  return block.subarray(from, Math.min(BLOCK_BYTES, from + end - start));
}

/** SHA-256 of a file of that size, as hex. */
export function contentHash(bytes: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes;) {
    const piece = contentAt(at, bytes);
    hash.update(piece);
    at += piece.length;
  }
  return hash.digest('hex');
}
