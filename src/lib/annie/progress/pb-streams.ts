/** The fds of lux and annie, put together from bars and lines. */
import { PbLines } from './pb-lines.ts';
import { Pb1Reader } from './pb1-record.ts';
import { Pb3Reader } from './pb3-record.ts';
import { type SegmentOptions, SegmentStream } from './segments.ts';
import type { Source } from './window.ts';

interface BarReader {
  read(source: Source, i: number, n: number, out: Float64Array): number;
}

/** Lines, and between them bars after a CR: annie's fd 1, and lux in a terminal. */
class PbStream extends SegmentStream {
  private readonly lines: PbLines;
  private readonly reader: BarReader | null;

  constructor(options: SegmentOptions, reader: BarReader | null) {
    super(options);
    this.lines = new PbLines(options.run);
    this.reader = reader;
  }

  override push(chunk: Uint8Array): void {
    super.push(chunk);
    this.lines.settle();
  }

  override end(): void {
    super.end();
    this.lines.end();
  }

  protected override take(chunk: Uint8Array): void {
    let i = this.begin(chunk);
    const n = this.window.end;
    while ((i = this.next(i, n)) < n) {
      const end = this.record(this.window, i, n);
      i = end > 0 ? this.after(i, end, n) : this.noRecord(i, n, end < 0);
    }
  }

  protected override record(source: Source, i: number, n: number): number {
    if (this.reader === null || !this.afterReturn || this.lines.inHeader) return 0;
    return this.reader.read(source, i, n, this.values);
  }

  protected override line(text: Buffer, start: number, end: number, endOffset: number): void {
    this.lines.line(text, start, end, endOffset);
    // In a terminal each line is put where the last one was.
    if (this.terminal !== null) this.lines.settle();
  }
}

/** annie up to July 2021: everything on fd 1. */
export function annieStream(options: SegmentOptions): SegmentStream {
  return new PbStream(options, new Pb1Reader());
}

/** lux in a terminal: everything on fd 1. */
export function luxTerminalStream(options: SegmentOptions): SegmentStream {
  const reader = new Pb3Reader();
  return new PbStream(
    { ...options, terminal: true },
    { read: ({ bytes }, i, n, out) => reader.read(bytes, i, n, out) },
  );
}

/** lux's fd 1 through a pipe: lines only. */
export function luxLines(options: SegmentOptions): SegmentStream {
  return new PbStream(options, null);
}
