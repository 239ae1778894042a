import type { Run } from './run.ts';
import { Pb3Reader } from './pb3-record.ts';
import { createValues } from './sample.ts';
import type { ByteStream } from './sink.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const DOT = 46;
const NINE = 57;
const ZERO = 48;
const END = 0;

/** Far over the widest terminal; a longer run of bytes without a record is not a bar. */
const LONGEST_RECORD = 4096;

/** A reader's loop over digits ends at what is none; past the end of a chunk it would find nothing and go on. */
function withZero(chunk: Uint8Array): Buffer {
  const b = Buffer.alloc(chunk.length + 1);
  b.set(chunk);
  return b;
}

/**
 * lux's fd 2 through a pipe: bars and nothing else, without any separator. A chunk is nearly always one whole
 * record, which is read in place; only a record that a chunk boundary cuts is copied.
 */
export class LuxBarStream implements ByteStream {
  private readonly run: Run;
  private readonly fd: 1 | 2;
  private readonly reader = new Pb3Reader();
  private readonly values = createValues();
  /** A cut record's beginning, then a zero, where every reader stops. */
  private readonly carry = Buffer.alloc(LONGEST_RECORD + 1);
  private carried = 0;
  /** The last byte of the chunk before, when it was no record's: a digit here may go on with a number there. */
  private before = 0;
  /** Stream offset of the first byte of the chunk at hand. */
  private base = 0;

  constructor(run: Run, fd: 1 | 2) {
    this.run = run;
    this.fd = fd;
  }

  push(chunk: Uint8Array): void {
    const n = chunk.length;
    let start = this.carried > 0 ? this.fill(chunk) : 0;
    if (this.before > 0) start = this.nextNumber(chunk, start, n, this.before);
    if (start < n) {
      const b = isDigit(chunk[n - 1]!) ? withZero(chunk) : chunk;
      const rest = this.scan(b, start, n, this.base);
      if (rest < n) this.keep(chunk, rest, n);
    }
    this.base += n;
  }

  /** A record that has begun and is not complete is none. */
  end(): void {
    this.carried = 0;
  }

  /** Reads records from `i` on; returns where the one begins that `n` cuts off, or `n`. */
  private scan(b: Uint8Array, i: number, n: number, base: number): number {
    while (i < n) {
      const next = this.reader.read(b, i, n, this.values);
      if (next > 0) {
        this.values[END] = base + next;
        this.run.sample(this.fd, this.values);
        i = next;
      } else if (~next >= n) {
        return i;
      } else {
        i = this.nextNumber(b, i + 1, n, b[i]!);
      }
    }
    return n;
  }

  /** Completes the cut record with the chunk's first bytes; returns where to go on in the chunk. */
  private fill(chunk: Uint8Array): number {
    const old = this.carried;
    const taken = Math.min(chunk.length, LONGEST_RECORD - old);
    this.keep(chunk, 0, taken);
    const rest = this.scan(this.carry, 0, this.carried, this.base - old);
    if (rest < old) {
      if (this.carried < LONGEST_RECORD) {
        this.carry.copyWithin(0, rest, this.carried);
        this.carried -= rest;
        return taken;
      }
      // No bar is that long: drop it and look for a number further on.
      this.carried = 0;
      this.before = this.carry[LONGEST_RECORD - 1]!;
      return taken;
    }
    this.carried = 0;
    return rest - old;
  }

  private keep(b: Uint8Array, start: number, end: number): void {
    let to = this.carried;
    const limit = Math.min(end, start + LONGEST_RECORD - to);
    for (let k = start; k < limit; k++) this.carry[to++] = b[k]!;
    this.carry[to] = 0;
    this.carried = to;
  }

  /** The next byte at or after `i` that can begin a record: a digit that does not go on with a number. */
  private nextNumber(b: Uint8Array, i: number, n: number, before: number): number {
    for (; i < n; i++) {
      const c = b[i]!;
      if (isDigit(c) && before !== DOT && !isDigit(before)) break;
      before = c;
    }
    this.before = i < n ? 0 : before;
    return i;
  }
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE;
}
