/** Many texts in one block of bytes, which crosses to another process in one piece and is no object for each text. Pure. */

export interface TextColumn {
  /** UTF-8, one after the other. */
  bytes: Uint8Array;
  /** Where each text ends in `bytes`. */
  ends: Uint32Array;
}

const FIRST_BYTES = 16 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class TextColumnBuilder {
  #bytes = new Uint8Array(FIRST_BYTES);
  #used = 0;
  readonly #ends: number[] = [];

  /** Bytes of all texts. */
  get length(): number {
    return this.#used;
  }

  /** Number of texts. */
  get count(): number {
    return this.#ends.length;
  }

  add(text: string): void {
    // A UTF-16 unit takes at most 3 bytes.
    const needed = this.#used + 3 * text.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#used += encoder.encodeInto(text, this.#bytes.subarray(this.#used)).written;
    this.#ends.push(this.#used);
  }

  build(): TextColumn {
    return { bytes: this.#bytes.slice(0, this.#used), ends: Uint32Array.from(this.#ends) };
  }
}

/** The text at an index; empty past the last. */
export function textAt({ bytes, ends }: TextColumn, index: number): string {
  return decoder.decode(bytes.subarray(ends[index - 1] ?? 0, ends[index] ?? 0));
}
