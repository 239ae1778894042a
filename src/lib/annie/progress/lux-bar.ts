import { LONGEST_RECORD, Pb3Reader } from './pb3-record.ts';
import type { Reporter } from './reporter.ts';
import { ProgressRecord } from './sample.ts';
import type { ByteStream } from './sink.ts';

// A constant of the file's own: V8 folds it into the code, an imported one it loads each time.
const DOT = 46;

/**
 * lux's fd 2 through a pipe: bars and nothing else, without any separator. A chunk is nearly always one whole record,
 * which is read in place; only a record that a chunk boundary cuts is copied.
 */
export class LuxBarStream implements ByteStream {
  readonly #reporter: Reporter;
  readonly #record = new ProgressRecord();
  readonly #reader = new Pb3Reader(this.#record);
  /** A cut record's beginning, then a zero, where every reader stops. */
  readonly #carry = Buffer.alloc(LONGEST_RECORD + 1);
  #carried = 0;
  /** The last byte of the chunk before, when it was no record's: a digit here may go on with a number there. */
  #before = 0;
  /** Stream offset of the chunk's first byte. */
  #base = 0;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  push(chunk: Uint8Array): void {
    const n = chunk.length;
    let start = this.#carried > 0 ? this.#fill(chunk) : 0;
    if (this.#before > 0) start = this.#nextNumber(chunk, start, n, this.#before);
    if (start < n) {
      const rest = this.#scan(chunk, start, n, this.#base);
      if (rest < n) this.#keep(chunk, rest, n);
    }
    this.#base += n;
  }

  /** A record that has begun and is not complete is none. */
  end(): void {
    this.#carried = 0;
  }

  /** Reads records from `i` on. Returns where the one begins that `n` cuts off, or `n`. */
  #scan(b: Uint8Array, i: number, n: number, base: number): number {
    while (i < n) {
      const next = this.#reader.read(b, i, n);
      if (next > 0) {
        this.#record.endOffset = base + next;
        this.#reporter.sample(2, this.#record);
        i = next;
      } else if (~next >= n) {
        return i;
      } else {
        i = this.#nextNumber(b, i + 1, n, b[i]!);
      }
    }
    return n;
  }

  /** Completes the cut record with the chunk's first bytes. Returns where to go on in the chunk. */
  #fill(chunk: Uint8Array): number {
    const old = this.#carried;
    const taken = Math.min(chunk.length, LONGEST_RECORD - old);
    this.#keep(chunk, 0, taken);
    const rest = this.#scan(this.#carry, 0, this.#carried, this.#base - old);
    if (rest >= old) {
      this.#carried = 0;
      return rest - old;
    }
    if (this.#carried < LONGEST_RECORD) {
      this.#carry.copyWithin(0, rest, this.#carried);
      this.#carried -= rest;
    } else {
      // No bar is that long: drop it and look for a number further on.
      this.#carried = 0;
      this.#before = this.#carry[LONGEST_RECORD - 1]!;
    }
    return taken;
  }

  #keep(b: Uint8Array, start: number, end: number): void {
    const kept = b.subarray(start, Math.min(end, start + LONGEST_RECORD - this.#carried));
    this.#carry.set(kept, this.#carried);
    this.#carried += kept.length;
    this.#carry[this.#carried] = 0;
  }

  /** The next byte at or after `i` that can begin a record: a digit that does not go on with a number. */
  #nextNumber(b: Uint8Array, i: number, n: number, before: number): number {
    for (; i < n; i++) {
      const c = b[i]!;
      if (isDigit(c) && before !== DOT && !isDigit(before)) break;
      before = c;
    }
    this.#before = i < n ? 0 : before;
    return i;
  }
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}
