/** Buffers between socket and disk, kept for the next use. Pure. */

/** A window of progress at 500 kB/s: with 64 KiB there were half as many writes again, with 128 more memory for no less CPU. */
export const MIN_BLOCK_BYTES = 96 * 1024;
/** Writes of 1 MiB: larger ones were no faster, smaller ones cost a thread-pool trip more each. */
export const MAX_BLOCK_BYTES = 1024 * 1024;

/**
 * Blocks kept for reuse over all downloads, 13 MiB at most; more are left to the garbage collector. Without the small
 * ones, 32 downloads at 500 kB/s each would make 16 MB of garbage a second.
 */
const small: Pool = { bytes: MIN_BLOCK_BYTES, most: 48, kept: [] };
const large: Pool = { bytes: MAX_BLOCK_BYTES, most: 8, kept: [] };

interface Pool {
  bytes: number;
  most: number;
  kept: Buffer[];
}

/** A block of at least `bytes` (96 KiB or 1 MiB); its content is whatever was in it. */
export function takeBlock(bytes: number): Buffer {
  const pool = bytes <= MIN_BLOCK_BYTES ? small : large;
  return pool.kept.pop() ?? Buffer.allocUnsafeSlow(pool.bytes);
}

/** Gives a block back; the caller must not touch it any more. */
export function giveBlock(block: Buffer): void {
  const pool = block.length === MIN_BLOCK_BYTES ? small : large;
  if (pool.kept.length < pool.most) pool.kept.push(block);
}
