import { MAX_HEAD_BYTES } from './plain-head.ts';

const END = '\r\n\r\n';

/**
 * Collects the head of a response, up to its empty line, and what came with it. Each piece is scanned once, however small:
 * a head that arrives byte by byte costs no more than one that arrives at once.
 */
export class HeadBytes {
  readonly #pieces: Buffer[] = [];
  #length = 0;
  /** The last bytes, which may be the beginning of the end of the head. */
  #tail = '';
  #isWhole = false;

  /** The piece may be written to again afterwards. */
  add(piece: Buffer): 'whole' | 'too long' | 'not yet' {
    this.#pieces.push(Buffer.from(piece));
    this.#length += piece.length;
    if (!this.#isWhole) {
      const seen = this.#tail + piece.toString('latin1');
      this.#isWhole = seen.includes(END);
      this.#tail = seen.slice(1 - END.length);
    }
    if (this.#isWhole) return 'whole';
    return this.#length > MAX_HEAD_BYTES ? 'too long' : 'not yet';
  }

  /** Once the head is whole. `head` is without its empty line, `rest` the start of the body. */
  split(): { head: string; rest: Buffer } {
    const bytes = Buffer.concat(this.#pieces);
    const end = bytes.indexOf(END);
    return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + END.length) };
  }
}
