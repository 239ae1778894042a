import { MAX_HEAD_BYTES } from './plain-head.ts';

const END = '\r\n\r\n';

/**
 * The first bytes of an answer, up to the empty line that ends its head, and what came with it. Each piece is looked
 * through once, however small they are: a head that drips in byte by byte costs no more than one that comes at once.
 */
export class HeadBytes {
  readonly #pieces: Buffer[] = [];
  #length = 0;
  /** What the end of a head may have begun with. */
  #last = '';
  #isWhole = false;

  /** The piece may be written to again afterwards. */
  add(piece: Buffer): 'whole' | 'too long' | 'not yet' {
    this.#pieces.push(Buffer.from(piece));
    this.#length += piece.length;
    if (!this.#isWhole) {
      const seen = this.#last + piece.toString('latin1');
      this.#isWhole = seen.includes(END);
      this.#last = seen.slice(1 - END.length);
    }
    if (this.#isWhole) return 'whole';
    return this.#length > MAX_HEAD_BYTES ? 'too long' : 'not yet';
  }

  /** `head` without its empty line; of a whole one. */
  split(): { head: string; rest: Buffer } {
    const bytes = Buffer.concat(this.#pieces);
    const end = bytes.indexOf(END);
    return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + END.length) };
  }
}
