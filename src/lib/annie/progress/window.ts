/**
 * The bytes of one fd that may still be needed, in a buffer of the parser's own: each chunk is put after what is
 * left of the ones before it. So a reader finds every record whole, in one kind of array, with a zero after the
 * last byte, where all of them stop; and what stood in the last record can still be compared with.
 */

/** What readers read from. */
export interface Source {
  /** A Buffer, as those become strings in 45 ns, other arrays in 140. */
  bytes: Buffer;
  /** The same bytes; it reads up to 8 of them at once. */
  view: DataView;
  /** Another number once bytes that were there have been moved or written over. */
  generation: number;
}

/** Bytes of a line that are kept. */
export const LONGEST_LINE = 64 * 1024;
/** Small enough for the first cache. */
const FIRST_BYTES = 8 * 1024;
/** Bytes from which on `set` is faster than a loop. */
const LONG_CHUNK = 12;
/** The zero, and what a read of 8 bytes that begins at it may touch. */
const SLACK_BYTES = 16;

export class Window implements Source {
  bytes = Buffer.alloc(FIRST_BYTES + SLACK_BYTES);
  view = viewOf(this.bytes);
  generation = 0;
  /** What is not understood yet is `[start, end)`. */
  start = 0;
  end = 0;
  /** Stream offset of `bytes[0]`. */
  base = 0;

  append(chunk: Uint8Array): void {
    if (this.end + chunk.length + SLACK_BYTES > this.bytes.length) this.makeRoom(chunk.length);
    const { bytes, end } = this;
    const { length } = chunk;
    // A loop takes 64 ns for 80 bytes, but for the one or two that ffmpeg often writes 8 less than `set`.
    if (length < LONG_CHUNK) for (let k = 0; k < length; k++) bytes[end + k] = chunk[k]!;
    else bytes.set(chunk, end);
    this.end = end + length;
    bytes[end + length] = 0;
  }

  /** Forgets the bytes from `end` on: what comes next is put there, at its own stream offset. */
  cut(end: number): void {
    this.base += this.end - end;
    this.end = end;
    this.bytes[end] = 0;
  }

  /** Nothing is kept but `[start, end)`, and the byte before it, which may say whether a number begins. */
  private makeRoom(more: number): void {
    const from = Math.max(0, this.start - 1);
    const wanted = this.end - from + more + SLACK_BYTES;
    const old = this.bytes;
    if (wanted > old.length) {
      this.bytes = Buffer.alloc(Math.max(wanted, 2 * old.length));
      this.view = viewOf(this.bytes);
    }
    old.copy(this.bytes, 0, from, this.end);
    this.base += from;
    this.start -= from;
    this.end -= from;
    this.generation++;
  }
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Text that was read before. Where it stands again it need not be read again: what it said is still in the array
 * of values. Eight bytes are compared at once, as doubles, which are equal when their bytes are, but for NaN (no
 * text below 128 is one; then it is read) and the two zeros (no text is).
 */
export class Known {
  private at = 0;
  private length = 0;
  private generation = -1;

  /** The index after the text when it stands at `i` again; else 0, and it is forgotten. */
  again({ view, generation }: Source, i: number, n: number): number {
    const { at, length } = this;
    const end = i + length;
    if (this.generation === generation && end <= n) {
      let k = 0;
      const last = length - 8;
      while (k < last && view.getFloat64(i + k, true) === view.getFloat64(at + k, true)) k += 8;
      if (k >= last && view.getFloat64(i + last, true) === view.getFloat64(at + last, true)) {
        this.at = i;
        return end;
      }
    }
    this.generation = -1;
    return 0;
  }

  /** To be called when what the text said no longer stands in the values. */
  forget(): void {
    this.generation = -1;
  }

  /** `[at, end)` was read and is known from now on. Less than 8 bytes are not worth it. */
  keep({ generation }: Source, at: number, end: number): void {
    if (end - at < 8) return;
    this.at = at;
    this.length = end - at;
    this.generation = generation;
  }
}
