/** Pooled buffers between socket and disk. Pure. */

/** 200 ms (a progress window) at 500 kB/s: 64 KiB took half as many writes again, 128 KiB more memory for no less CPU. */
export const MIN_BLOCK_BYTES = 96 * 1024;
/** Larger writes were no faster; smaller ones cost more trips through the thread pool. */
export const MAX_BLOCK_BYTES = 1024 * 1024;

interface Pool {
  blockBytes: number;
  maxFree: number;
  free: Buffer[];
}

/**
 * Shared by all downloads, 13 MiB at most; further blocks are left to the garbage collector. Without the small pool, 32
 * downloads at 500 kB/s each would make 16 MB of garbage a second.
 */
const small: Pool = { blockBytes: MIN_BLOCK_BYTES, maxFree: 48, free: [] };
const large: Pool = { blockBytes: MAX_BLOCK_BYTES, maxFree: 8, free: [] };

/** A block of at least `bytes` (96 KiB or 1 MiB); its content is undefined. */
export function acquireBlock(bytes: number): Buffer {
  const pool = bytes <= MIN_BLOCK_BYTES ? small : large;
  return pool.free.pop() ?? Buffer.allocUnsafeSlow(pool.blockBytes);
}

/** The caller must not touch the block any more. */
export function releaseBlock(block: Buffer): void {
  const pool = block.length === MIN_BLOCK_BYTES ? small : large;
  if (pool.free.length < pool.maxFree) pool.free.push(block);
}
