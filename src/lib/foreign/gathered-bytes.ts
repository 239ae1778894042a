/** A small response fits into the first block. */
const FIRST_BYTES = 16 * 1024;
/** Blocks double up to this size; the rest of the last one is wasted. */
const LARGEST_BYTES = 1024 * 1024;

/**
 * Collects chunks in blocks that can be handed to a reader, with one copy of each byte. The cost depends on the bytes,
 * not on the number of chunks.
 */
export class GatheredBytes {
  #blocks: Uint8Array[] = [];
  /** Bytes in the last block. */
  #used = 0;
  #total = 0;

  get length(): number {
    return this.#total;
  }

  /** Copies the chunk. */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#used === block.length) {
        block = new Uint8Array(Math.min(LARGEST_BYTES, FIRST_BYTES * 2 ** Math.min(6, this.#blocks.length)));
        this.#blocks.push(block);
        this.#used = 0;
      }
      const part = chunk.subarray(at, at + block.length - this.#used);
      block.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
    }
    this.#total += chunk.length;
  }

  /** The first bytes, 16 KiB at most; a view that must not be kept. */
  firstBytes(length: number): Uint8Array {
    const [first = new Uint8Array()] = this.#blocks;
    return first.subarray(0, Math.min(length, this.#total));
  }

  /** Returns all bytes and empties this. */
  take(): Uint8Array[] {
    const blocks = this.#blocks;
    const last = blocks.pop();
    if (last) blocks.push(last.subarray(0, this.#used));
    this.#blocks = [];
    this.#used = 0;
    this.#total = 0;
    return blocks;
  }
}
