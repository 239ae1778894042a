/** Bytes generated on the fly: the same for the same seed, different at every offset, any size without memory. */
import { createHash } from 'node:crypto';

const BLOCK_BYTES = 1024 * 1024;
const STAMP_EVERY_BYTES = 4096;
const bases = new Map<number, Buffer>();

function baseOf(seed: number): Buffer {
  const known = bases.get(seed);
  if (known) return known;
  const base = Buffer.allocUnsafe(BLOCK_BYTES);
  // xorshift32: any seed but 0
  let x = (seed * 2_654_435_761 + 88_172_645) >>> 0 || 1;
  for (let i = 0; i < BLOCK_BYTES; i += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    base.writeInt32LE(x | 0, i);
  }
  bases.set(seed, base);
  return base;
}

/** The bytes [start, end) of the endless content of `seed`, in pieces of at most 1 MiB, each a fresh buffer. */
export function* contentPieces(seed: number, start: number, end: number): Generator<Buffer> {
  const base = baseOf(seed);
  for (let at = start; at < end;) {
    const index = Math.floor(at / BLOCK_BYTES);
    const from = at - index * BLOCK_BYTES;
    const to = Math.min(BLOCK_BYTES, from + end - at);
    const block = Buffer.from(base);
    // each 4 KiB block has its position in it, so that bytes in the wrong place change the hash
    for (let i = 0; i < BLOCK_BYTES; i += STAMP_EVERY_BYTES) block.writeUInt32LE(index, i);
    yield block.subarray(from, to);
    at += to - from;
  }
}

export function sha256Of(seed: number, size: number): string {
  const hash = createHash('sha256');
  for (const piece of contentPieces(seed, 0, size)) hash.update(piece);
  return hash.digest('hex');
}
