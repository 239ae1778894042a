/** What a chunk boundary cut off, until the rest of it comes. Bounded: of something longer the beginning is kept. */

/** Bytes of a line that are kept. */
export const LONGEST_LINE = 64 * 1024;
const FIRST_SIZE = 1024;

export class Carry {
  /** What is kept is `[start, end)`; a zero follows, where every reader stops. */
  bytes = new Uint8Array(FIRST_SIZE + 1);
  start = 0;
  end = 0;
  /** Stream offset of `bytes[0]`. */
  base = 0;

  /** Begins with what is left of a chunk from `i`; `base` is the chunk's stream offset. */
  begin(chunk: Uint8Array, i: number, base: number): void {
    const n = chunk.length;
    if (n <= FIRST_SIZE) {
      // A small chunk is taken whole and used from `i`: 13 ns for 80 bytes, where a loop takes 64 and a subarray
      // is an allocation.
      this.bytes.set(chunk);
      this.bytes[n] = 0;
      this.start = i;
      this.end = n;
      this.base = base;
    } else {
      this.start = this.end = 0;
      this.base = base + i;
      this.append(chunk, i, n);
    }
  }

  append(b: Uint8Array, i: number, n: number): void {
    let to = this.end;
    const wanted = to + (n - i);
    if (wanted >= this.bytes.length) this.grow(wanted);
    const { bytes } = this;
    const limit = Math.min(n, i + bytes.length - 1 - to);
    for (; i < limit; i++) bytes[to++] = b[i]!;
    bytes[to] = 0;
    this.end = to;
  }

  clear(): void {
    this.start = this.end = 0;
  }

  private grow(wanted: number): void {
    const size = Math.min(LONGEST_LINE, Math.max(wanted, this.bytes.length * 2));
    if (size < this.bytes.length) return;
    const bigger = new Uint8Array(size + 1);
    bigger.set(this.bytes);
    this.bytes = bigger;
  }
}
