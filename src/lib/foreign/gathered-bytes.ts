/** The first block: a small answer fits into it. */
const FIRST_BYTES = 16 * 1024;
/** Blocks double up to this: what is left of the last is wasted. */
const LARGEST_BYTES = 1024 * 1024;

/**
 * Bytes as they come, copied once into blocks of our own, that a thread can be given without a second copy. Chunks may be
 * of one byte each: they cost what their bytes do.
 */
export class GatheredBytes {
  #blocks: Uint8Array[] = [];
  /** Bytes in the last block. */
  #used = 0;
  #total = 0;

  get length(): number {
    return this.#total;
  }

  /** The chunk may be written to again afterwards. */
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

  /** The first bytes, 16 KiB at most. To be looked at, not kept. */
  start(length: number): Uint8Array {
    const [first = new Uint8Array()] = this.#blocks;
    return first.subarray(0, Math.min(length, this.#total));
  }

  /** All of it, to be given away; nothing is left here. */
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
