/** The fds of lux and annie, put together from bars and lines. */
import { PbLines } from './pb-lines.ts';
import { Pb1Reader } from './pb1-record.ts';
import { Pb3Reader } from './pb3-record.ts';
import { type SegmentOptions, SegmentStream } from './segments.ts';

interface BarReader {
  read(b: Uint8Array, i: number, n: number, out: Float64Array): number;
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

  override end(): void {
    super.end();
    this.lines.end();
  }

  protected override record(b: Uint8Array, i: number, n: number): number {
    if (this.reader === null || !this.afterReturn || this.lines.inHeader) return 0;
    return this.reader.read(b, i, n, this.values);
  }

  protected override line(text: Uint8Array, start: number, end: number, endOffset: number): void {
    this.lines.line(text, start, end, endOffset);
  }
}

/** annie up to July 2021: everything on fd 1. */
export function annieStream(options: SegmentOptions): SegmentStream {
  return new PbStream(options, new Pb1Reader());
}

/** lux in a terminal: everything on fd 1. */
export function luxTerminalStream(options: SegmentOptions): SegmentStream {
  return new PbStream({ ...options, terminal: true }, new Pb3Reader());
}

/** lux's fd 1 through a pipe: lines only. */
export function luxLines(options: SegmentOptions): SegmentStream {
  return new PbStream(options, null);
}
