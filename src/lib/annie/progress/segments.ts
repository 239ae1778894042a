/**
 * Streams whose records stand between CR, LF and the end: annie, yt-dlp, ffmpeg's stats, and lux in a terminal.
 *
 * A record must begin a segment. What does not begin like one is text and runs to its LF, whatever CRs it holds:
 * a title with a CR and a fake record in it stays a title.
 *
 * A record that ends with its chunk (the usual case where CR comes first, not last) is decoded at once and held
 * back until the next byte shows that nothing more belongs to it. Only what a chunk boundary really cuts is put
 * together in the carry buffer and read there.
 */
import { Carry } from './carry.ts';
import type { Run } from './run.ts';
import { createValues } from './sample.ts';
import type { ByteStream } from './sink.ts';
import { TerminalText } from './terminal-text.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CR = 13;
const LF = 10;
const SPACE = 32;
const END = 0;

export interface SegmentOptions {
  run: Run;
  fd: 1 | 2;
  /** The bytes went through a terminal: colours within records, `^C` after them. */
  terminal?: boolean;
}

export abstract class SegmentStream implements ByteStream {
  protected readonly run: Run;
  protected readonly fd: 1 | 2;
  protected readonly values = createValues();
  /** Whether a CR began the segment at hand. */
  protected afterReturn = false;
  /** Bytes at the end of the record read last that do not count. */
  protected trailing = 0;

  private readonly terminal: TerminalText | null;
  /** Stream offset of the chunk at hand. */
  private base = 0;
  /** The unfinished segment. */
  private readonly carry = new Carry();
  /** The unfinished segment is known to be text: only LF ends it. */
  private carryIsText = false;
  /** Stream offset of the end of a decoded record that waits for the byte after it; 0 = none. */
  private pendingEnd = 0;

  constructor({ run, fd, terminal = false }: SegmentOptions) {
    this.run = run;
    this.fd = fd;
    this.terminal = terminal ? new TerminalText() : null;
  }

  /**
   * Reads the record that begins at `i` into `values` and returns the index after it; less than 0 when there is
   * none, or not all of one; 0 when none can begin with the bytes that are here, whatever comes. It must not read
   * on past CR or LF.
   */
  protected abstract record(b: Uint8Array, i: number, n: number): number;

  /**
   * A segment that is no record, up to its LF (or the end of the stream), which stands at `endOffset`. From a
   * terminal it comes without colours.
   */
  protected abstract line(text: Uint8Array, start: number, end: number, endOffset: number): void;

  /** Whether text may follow the record directly (yt-dlp's retry message). */
  protected glue(_b: Uint8Array, _i: number): boolean {
    return false;
  }

  push(chunk: Uint8Array): void {
    const n = chunk.length;
    let i = 0;
    if (this.carry.end > 0) i = this.pendingEnd > 0 ? this.settle(chunk, n) : this.fill(chunk, 0, n);
    while (i < n) {
      const c = chunk[i];
      if (c === CR) {
        this.afterReturn = true;
        i++;
      } else if (c === LF) {
        this.afterReturn = false;
        i++;
      } else {
        i = this.segment(chunk, i, n);
      }
    }
    this.base += n;
  }

  end(): void {
    if (this.pendingEnd > 0) this.emit(this.pendingEnd);
    else if (this.carry.end > 0) {
      const read = !this.carryIsText && this.carriedRecord();
      if (!read || this.carryIsText) this.carriedLine();
    }
    this.pendingEnd = 0;
    this.carry.clear();
  }

  private emit(endOffset: number): void {
    this.values[END] = endOffset - this.trailing;
    this.run.sample(this.fd, this.values);
  }

  /** At a byte that is not CR or LF: one segment, or what the chunk holds of it. Returns where to go on. */
  private segment(b: Uint8Array, i: number, n: number): number {
    if (this.terminal !== null) return this.hold(b, i, n, true);
    const end = this.record(b, i, n);
    if (end > 0) {
      let k = end;
      while (k < n && b[k] === SPACE) k++;
      if (k === n) {
        this.pendingEnd = this.base + end;
        return this.copy(b, i, n);
      }
      const c = b[k];
      if (c === CR || c === LF) {
        this.emit(this.base + end);
        return k;
      }
      if (this.glue(b, k)) {
        this.emit(this.base + end);
        return this.text(b, k, n);
      }
    }
    return this.hold(b, i, n, end !== 0);
  }

  /** Text to its LF; what the chunk ends in is kept. */
  private text(b: Uint8Array, i: number, n: number): number {
    const stop = b.indexOf(LF, i);
    if (stop < 0) {
      this.carryIsText = true;
      return this.copy(b, i, n);
    }
    this.line(b, i, stop, this.base + stop);
    return stop;
  }

  /** A segment that could not be read in place: to the carry, or straight to text when its end is here. */
  private hold(b: Uint8Array, i: number, n: number, maybe: boolean): number {
    if (this.terminal !== null) {
      this.carryIsText = false;
      this.carry.base = this.base + i;
      return this.fill(b, i, n);
    }
    let k = i;
    while (k < n && b[k] === SPACE) k++;
    if (k < n && (b[k] === CR || b[k] === LF)) return k;
    // Its end is here and it was no record.
    const lf = b.indexOf(LF, k);
    if (lf >= 0) {
      this.line(b, i, lf, this.base + lf);
      return lf;
    }
    this.carryIsText = k < n && (!maybe || segmentEnd(b, k, n) < n);
    return this.copy(b, i, n);
  }

  /** A decoded record waits, and here are the bytes after it. */
  private settle(b: Uint8Array, n: number): number {
    let k = 0;
    while (k < n && b[k] === SPACE) k++;
    const c = b[k];
    if (k < n && (c === CR || c === LF)) {
      this.emit(this.pendingEnd);
      this.pendingEnd = 0;
      this.carry.clear();
      return k;
    }
    if (k === n) {
      this.carry.append(b, 0, n);
      return n;
    }
    this.pendingEnd = 0;
    return this.fill(b, 0, n);
  }

  /** Goes on with the carried segment from `i`; returns where the chunk goes on, at CR, LF or its end. */
  private fill(b: Uint8Array, i: number, n: number): number {
    if (!this.carryIsText) {
      const stop = segmentEnd(b, i, n);
      this.carry.append(b, i, stop);
      if (stop === n) return n;
      const read = this.carriedRecord() || isBlank(this.carry.bytes, this.carry.start, this.carry.end);
      if (read && !this.carryIsText) {
        this.carry.clear();
        return stop;
      }
      this.carryIsText = true;
      i = stop;
    }
    const lf = b.indexOf(LF, i);
    const stop = lf < 0 ? n : lf;
    this.carry.append(b, i, stop);
    if (lf < 0) return n;
    this.carriedLine();
    this.carry.clear();
    this.carryIsText = false;
    return stop;
  }

  /**
   * Reads the whole carried segment as a record. With text glued to it, that text is left as the carried
   * segment.
   */
  private carriedRecord(): boolean {
    const { terminal, carry } = this;
    let b = carry.bytes;
    let i = carry.start;
    let n = carry.end;
    if (terminal !== null) {
      n = terminal.set(b, i, n);
      b = terminal.bytes;
      i = 0;
      if (n === 0) return true;
    }
    const end = this.record(b, i, n);
    if (end <= 0) return false;
    let k = end;
    while (k < n && b[k] === SPACE) k++;
    const glued = k < n && this.glue(b, k);
    if (k < n && !glued) return false;
    this.emit(carry.base + (terminal === null ? end : terminal.rawEnd(end)));
    if (glued) {
      carry.start = terminal === null ? k : terminal.rawEnd(k);
      this.carryIsText = true;
    }
    return true;
  }

  private carriedLine(): void {
    const { carry, terminal } = this;
    const endOffset = carry.base + carry.end;
    if (terminal === null) {
      this.line(carry.bytes, carry.start, carry.end, endOffset);
    } else {
      const shown = terminal.set(carry.bytes, carry.start, carry.end);
      this.line(terminal.bytes, 0, shown, endOffset);
    }
  }

  /** Keeps what is left of the chunk for the next. */
  private copy(b: Uint8Array, i: number, n: number): number {
    this.carry.begin(b, i, this.base);
    return n;
  }
}

function isBlank(b: Uint8Array, i: number, end: number): boolean {
  while (i < end && b[i] === SPACE) i++;
  return i === end;
}

function segmentEnd(b: Uint8Array, i: number, n: number): number {
  while (i < n && b[i] !== CR && b[i] !== LF) i++;
  return i;
}
