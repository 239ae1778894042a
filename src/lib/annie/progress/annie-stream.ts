import { ItemLines } from './item-lines.ts';
import { LineReader } from './lines.ts';
import { Pb1Reader } from './pb1-record.ts';
import { LONGEST_RECORD } from './pb3-record.ts';
import type { Reporter } from './reporter.ts';
import { ProgressRecord } from './sample.ts';
import type { ByteStream } from './sink.ts';
import { toLatin1 } from './text.ts';
import { Window } from './window.ts';

// Constants of the file's own: V8 folds them into the code, imported ones it loads each time.
const CR = 13;
const LF = 10;
const SPACE = 32;

/** A longer chunk is taken in pieces, so that the window stays small. */
const LONGEST_PIECE = 8 * 1024;
const CAPACITY = 16 * 1024;

/**
 * annie's fd 1: bars, each after a CR, and lines between them. Each chunk is copied behind the one before it, so that
 * every record is whole somewhere and can be compared with the last one.
 *
 * A record that ends with its chunk, as nearly all do, waits for the next byte: only a CR or LF says that it is whole.
 */
export class AnnieStream implements ByteStream {
  readonly #reporter: Reporter;
  readonly #window = new Window(CAPACITY);
  readonly #record = new ProgressRecord();
  readonly #reader = new Pb1Reader(this.#record, this.#window);
  readonly #items: ItemLines;
  readonly #lines: LineReader;
  /** Bytes in the window. Those from `held` on are a segment that may be a record and has not ended. */
  #filled = 0;
  #held = 0;
  /** Where the record at `held` ends as far as it was read; 0 = it was not. */
  #recordEnd = 0;
  /** Stream offset of the window's first byte. */
  #base = 0;
  #afterReturn = false;
  #inLine = false;
  #inHeader = false;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
    this.#items = new ItemLines(reporter);
    this.#lines = new LineReader(1, this.#items, reporter);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length > LONGEST_PIECE) {
      for (let at = 0; at < chunk.length; at += LONGEST_PIECE) {
        this.push(chunk.subarray(at, at + LONGEST_PIECE));
      }
      return;
    }
    if (this.#filled + chunk.length > CAPACITY) this.#makeRoom();
    const from = this.#filled;
    const n = from + chunk.length;
    this.#window.bytes.set(chunk, from);
    this.#window.bytes[n] = 0;
    this.#filled = n;
    const i = this.#held < from ? this.#resume(from, n) : from;
    if (i < n) this.#scan(i, n);
  }

  end(): void {
    const held = this.#held;
    const filled = this.#filled;
    if (this.#recordEnd > 0) {
      this.#emit(this.#recordEnd);
    } else if (held < filled) {
      // It came in pieces; what ends it is the end of the stream.
      const end = this.#reader.read(held, filled);
      if (end > 0 && this.#afterBlanks(end) === filled) this.#emit(end);
      else this.#lines.take(toLatin1(this.#window.bytes, held, filled), this.#base + held);
    }
    this.#held = filled;
    this.#recordEnd = 0;
    this.#afterReturn = false;
    this.#lines.end();
    this.#inLine = false;
    this.#inHeader = false;
  }

  /** From `i` to the end of what is there, where the last segment may be held. */
  #scan(i: number, n: number): void {
    const window = this.#window;
    const reader = this.#reader;
    const b = window.bytes;
    while (i < n) {
      const c = b[i];
      if (this.#inLine) {
        i = this.#text(i, n);
      } else if (c === CR || c === LF) {
        this.#afterReturn = c === CR;
        i++;
      } else if (c === SPACE && this.#afterReturn && !this.#inHeader) {
        const end = reader.read(i, n);
        const after = end > 0 ? this.#afterBlanks(end) : i;
        const next = b[after];
        if (end > 0 && (next === CR || next === LF) && after - i <= LONGEST_RECORD) {
          this.#emit(end);
          i = after;
        } else if (this.#segmentEnd(after, n) === n && n - i <= LONGEST_RECORD) {
          this.#held = i;
          this.#recordEnd = after === n ? end : 0;
          return;
        } else {
          i = this.#text(i, n);
        }
      } else {
        i = this.#text(i, n);
      }
    }
    this.#held = n;
  }

  /** With the segment that is held, now that more has come. Returns where to go on; `n` too when it is still held. */
  #resume(from: number, n: number): number {
    const held = this.#held;
    const recordEnd = this.#recordEnd;
    this.#recordEnd = 0;
    if (recordEnd > 0) {
      const after = this.#afterBlanks(from);
      const c = this.#window.bytes[after];
      const isWhole = c === CR || c === LF;
      if (isWhole && after - held <= LONGEST_RECORD) {
        this.#emit(recordEnd);
        return after;
      }
      if (after === n) this.#recordEnd = recordEnd;
    }
    // A segment in pieces is read again when it has ended, once.
    if (this.#segmentEnd(from, n) < n) return held;
    if (n - held <= LONGEST_RECORD) return n;
    this.#recordEnd = 0;
    this.#held = n;
    return this.#text(held, n);
  }

  /** Hands the segment at `i` to the lines, with the CR or LF that ends it. Returns the index after it. */
  #text(i: number, n: number): number {
    const b = this.#window.bytes;
    const stop = this.#segmentEnd(i, n);
    const end = Math.min(stop + 1, n);
    this.#lines.take(toLatin1(b, i, end), this.#base + i);
    this.#inLine = !this.#lines.idle;
    this.#inHeader = this.#items.inHeader;
    this.#afterReturn = b[stop] === CR;
    return end;
  }

  #segmentEnd(i: number, n: number): number {
    const b = this.#window.bytes;
    while (i < n && b[i] !== CR && b[i] !== LF) i++;
    return i;
  }

  #afterBlanks(i: number): number {
    const b = this.#window.bytes;
    while (b[i] === SPACE) i++;
    return i;
  }

  #emit(end: number): void {
    this.#record.endOffset = this.#base + end;
    this.#reporter.sample(1, this.#record);
  }

  /** Forgets all but the segment that is held. */
  #makeRoom(): void {
    const held = this.#held;
    const filled = this.#filled;
    this.#window.bytes.copyWithin(0, held, filled);
    this.#reader.forget();
    this.#base += held;
    this.#filled -= held;
    if (this.#recordEnd > 0) this.#recordEnd -= held;
    this.#held = 0;
  }
}
