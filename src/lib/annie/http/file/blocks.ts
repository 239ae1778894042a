/** Buffers between socket and disk, kept for the next use. Pure. */

export const MIN_BLOCK_BYTES = 64 * 1024;
/** Writes of 1 MiB: larger ones were no faster, smaller ones cost a thread-pool trip more each. */
export const MAX_BLOCK_BYTES = 1024 * 1024;
/** Kept for reuse over all downloads; more are left to the garbage collector. */
const MAX_KEPT = 8;

const kept: Buffer[] = [];

/** A block of at least `bytes` (64 KiB or 1 MiB); its content is whatever was in it. */
export function takeBlock(bytes: number): Buffer {
  if (bytes <= MIN_BLOCK_BYTES) return Buffer.allocUnsafeSlow(MIN_BLOCK_BYTES);
  return kept.pop() ?? Buffer.allocUnsafeSlow(MAX_BLOCK_BYTES);
}

/** Gives a block back; the caller must not touch it any more. */
export function giveBlock(block: Buffer): void {
  if (block.length === MAX_BLOCK_BYTES && kept.length < MAX_KEPT) kept.push(block);
}
