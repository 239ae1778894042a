/**
 * Streams whose records stand between CR, LF and the end: annie, yt-dlp, ffmpeg's stats, and lux in a terminal.
 *
 * A record must begin a segment. What does not begin like one is text and runs to its LF, whatever CRs it holds:
 * a title with a CR and a fake record in it stays a title.
 *
 * A record that ends with its chunk (the usual case where CR comes first, not last) is decoded at once and waits
 * until the next byte shows that nothing more belongs to it.
 */
import { lineEnd, segmentEnd } from './line-ends.ts';
import type { Run } from './run.ts';
import { createValues } from './sample.ts';
import type { ByteStream } from './sink.ts';
import { TerminalText } from './terminal-text.ts';
import { LONGEST_LINE, type Source, Window } from './window.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CR = 13;
const LF = 10;
const SPACE = 32;
const END = 0;

/** A longer chunk is taken in pieces, so that the window need not grow with it. */
const LONGEST_PIECE = 16 * 1024;

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

  protected readonly terminal: TerminalText | null;
  protected readonly window = new Window();
  /** What is known of the segment at the window's start, whose end has not come. */
  private cut: 'unread' | 'record' | 'text' = 'unread';
  /** Bytes of it that were looked through for its end. */
  private seen = 0;
  /** Stream offset of the end of the record that waits for the byte after it. */
  private recordEnd = 0;

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
  protected abstract record(source: Source, i: number, n: number): number;

  /**
   * A segment that is no record, up to its LF (or the end of the stream), which stands at `endOffset`. From a
   * terminal it comes without colours.
   */
  protected abstract line(text: Buffer, start: number, end: number, endOffset: number): void;

  /** Whether text may follow the record directly (yt-dlp's retry message). */
  protected glue(_b: Buffer, _i: number): boolean {
    return false;
  }

  /**
   * Takes a chunk: `begin`, then `record` and `after` for each segment. Every class of streams has one of its own,
   * though all say the same, so that V8 sees one reader in it and puts that in line.
   */
  protected abstract take(chunk: Uint8Array): void;

  push(chunk: Uint8Array): void {
    if (chunk.length > LONGEST_PIECE) {
      for (let at = 0; at < chunk.length; at += LONGEST_PIECE) {
        this.push(chunk.subarray(at, at + LONGEST_PIECE));
      }
    } else if (this.terminal !== null) {
      this.takeShown(chunk);
    } else {
      this.take(chunk);
    }
  }

  end(): void {
    const { window } = this;
    const { start, end } = window;
    if (this.seen > 0) {
      if (this.cut === 'record') {
        this.emit(this.recordEnd);
      } else {
        const rest = this.cut === 'text' ? 0 : this.whole(start, end);
        if (rest < end) this.tell(rest > 0 ? rest : start, end);
      }
    }
    window.start = end;
    this.seen = 0;
  }

  /** Puts the chunk into the window. Returns where the next segment begins, line ends before it or not. */
  protected begin(chunk: Uint8Array): number {
    const { window } = this;
    window.append(chunk);
    const { start, end } = window;
    // If nothing of it waits.
    window.start = end;
    if (this.seen === 0) return start;
    return this.cut === 'record' ? this.endRecord(window, start, end) : this.goOn(window, start, end);
  }

  /** The first byte from `i` on that is not CR or LF, or `n`. */
  protected next(i: number, n: number): number {
    const b = this.window.bytes;
    for (; i < n; i++) {
      const c = b[i];
      if (c === LF) this.afterReturn = false;
      else if (c === CR) this.afterReturn = true;
      else break;
    }
    return i;
  }

  /** With the record `[i, end)`. Returns as `begin` does; `n` too when the record waits. */
  protected after(i: number, end: number, n: number): number {
    const { window } = this;
    if (end - i <= LONGEST_LINE) {
      const b = window.bytes;
      let k = end;
      while (b[k] === SPACE) k++;
      const c = b[k];
      if (c === LF || c === CR) {
        this.emit(window.base + end);
        return k;
      }
      if (k === n) {
        this.recordEnd = window.base + end;
        return this.wait(window, i, n, 'record');
      }
      if (this.glue(b, k)) {
        this.emit(window.base + end);
        return this.text(window, k, k, n);
      }
    }
    return this.noRecord(i, n, true);
  }

  /** No record begins at `i` as far as the bytes go, but `maybe` one when more of them come. */
  protected noRecord(i: number, n: number, maybe: boolean): number {
    const { window } = this;
    const b = window.bytes;
    let k = i;
    while (b[k] === SPACE) k++;
    if (k < n && (b[k] === CR || b[k] === LF)) return k;
    if (maybe) k = segmentEnd(window, k, n);
    return k === n ? this.wait(window, i, n, 'unread') : this.text(window, i, k, n);
  }

  private emit(endOffset: number): void {
    this.values[END] = endOffset - this.trailing;
    this.run.sample(this.fd, this.values);
  }

  /** In a terminal: nothing is read before it is whole. */
  private takeShown(chunk: Uint8Array): void {
    const { window } = this;
    let i = this.begin(chunk);
    const n = window.end;
    while ((i = this.next(i, n)) < n) {
      const stop = segmentEnd(window, i, n);
      if (stop === n) {
        i = this.wait(window, i, n, 'unread');
      } else {
        const rest = this.whole(i, stop);
        i =
          rest === stop || isBlank(window.bytes, i, stop)
            ? stop
            : this.text(window, rest > 0 ? rest : i, stop, n);
      }
    }
  }

  /** The text that begins at `i`, with no LF before `from`: up to its LF. */
  private text(window: Window, i: number, from: number, n: number): number {
    const stop = lineEnd(window, from, n);
    if (stop === n) return this.wait(window, i, n, 'text');
    this.tell(i, stop);
    return stop;
  }

  /** The end of the segment that begins at `i` has not come: the rest of the chunk waits for more. Returns `n`. */
  private wait(window: Window, i: number, n: number, cut: 'unread' | 'record' | 'text'): number {
    window.start = i;
    this.cut = cut;
    this.seen = n - i;
    if (this.seen > LONGEST_LINE) {
      window.cut(i + LONGEST_LINE);
      this.seen = LONGEST_LINE;
    }
    return n;
  }

  /** With the record that waits, now that more has come: nearly always the CR or LF that ends it. */
  private endRecord(window: Window, i: number, n: number): number {
    const b = window.bytes;
    let k = i + this.seen;
    while (b[k] === SPACE) k++;
    if (b[k] === LF || b[k] === CR) {
      this.seen = 0;
      this.emit(this.recordEnd);
      return k;
    }
    return k === n ? this.wait(window, i, n, 'record') : this.goOn(window, i, n);
  }

  /** With the segment that waits, now that more has come. */
  private goOn(window: Window, i: number, n: number): number {
    const k = i + this.seen;
    this.seen = 0;
    if (this.cut === 'text') return this.text(window, i, k, n);
    return segmentEnd(window, k, n) === n ? this.wait(window, i, n, 'unread') : i;
  }

  /**
   * Reads `[i, stop)` as one record, with nothing but blanks after it. Returns `stop`, or where text begins that
   * is glued to it; 0 when it is none.
   */
  private whole(i: number, stop: number): number {
    const { window, terminal } = this;
    const source = terminal ?? window;
    const start = terminal === null ? i : 0;
    const n = terminal === null ? stop : terminal.set(window.bytes, i, stop);
    if (n === start) return stop;
    const end = this.record(source, start, n);
    if (end <= 0) return 0;
    let k = end;
    while (k < n && source.bytes[k] === SPACE) k++;
    if (k < n && !this.glue(source.bytes, k)) return 0;
    this.emit(window.base + (terminal === null ? end : terminal.rawEnd(end)));
    if (k === n) return stop;
    return terminal === null ? k : terminal.rawEnd(k);
  }

  private tell(i: number, stop: number): void {
    const { window, terminal } = this;
    const end = Math.min(stop, i + LONGEST_LINE);
    if (terminal === null) {
      this.line(window.bytes, i, end, window.base + stop);
    } else {
      const shown = terminal.set(window.bytes, i, end);
      this.line(terminal.bytes, 0, shown, window.base + stop);
    }
  }
}

function isBlank(b: Buffer, i: number, end: number): boolean {
  while (i < end && b[i] === SPACE) i++;
  return i === end;
}
