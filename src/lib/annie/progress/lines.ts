/**
 * Streams that are read by lines and regular expressions: all but the bars of lux and annie.
 *
 * CR, LF and the end of the stream part segments. A record must be a whole segment: what does not begin as one is text
 * and goes on up to its LF, whatever CRs it holds, so a title with a CR and a fake record in it stays a title.
 */
import type { Reporter } from './reporter.ts';
import { ProgressRecord } from './sample.ts';
import type { ByteStream } from './sink.ts';
import { toLatin1, trimmedLength } from './text.ts';

/** Characters of a line that are kept; the rest of a longer one is dropped. */
const LONGEST_LINE = 64 * 1024;
/** A longer chunk is taken in pieces, so that memory does not grow with it. */
const LONGEST_PIECE = 64 * 1024;

/** Where a record ends in its segment, and where text begins that follows it directly; else the segment's length. */
export interface RecordEnd {
  end: number;
  rest: number;
}

/** Reads the whole segment, in Latin-1, as one record into `record`; null when it is none. */
export type RecordReader = (
  segment: string,
  record: ProgressRecord,
  afterReturn: boolean,
) => RecordEnd | null;

/** Of a record with nothing but blanks after it. */
export function wholeSegment(segment: string): RecordEnd {
  return { end: trimmedLength(segment), rest: segment.length };
}

/** What the lines of one fd mean. */
export interface LineDialect {
  readonly read: RecordReader;
  /** A line that is no record, without its LF; CRs in it and at its end are kept. */
  line(text: string): void;
  /** The stream has ended. */
  end?(): void;
}

export class LineReader implements ByteStream {
  readonly #fd: 1 | 2;
  readonly #dialect: LineDialect;
  readonly #reporter: Reporter;
  readonly #record = new ProgressRecord();
  /** The beginning of the segment or line whose end has not come. */
  #held = '';
  /** Its first character's offset in the stream. */
  #heldAt = 0;
  /** What is held is no record: it goes on up to its LF. */
  #inText = false;
  #afterReturn = false;
  #offset = 0;

  constructor(fd: 1 | 2, dialect: LineDialect, reporter: Reporter) {
    this.#fd = fd;
    this.#dialect = dialect;
    this.#reporter = reporter;
  }

  push(chunk: Uint8Array): void {
    const n = chunk.length;
    for (let i = 0; i < n; i += LONGEST_PIECE) {
      this.take(toLatin1(chunk, i, Math.min(i + LONGEST_PIECE, n)), this.#offset + i);
    }
    this.#offset += n;
  }

  end(): void {
    if (this.#held !== '') this.#segment(true);
    this.#inText = false;
    this.#dialect.end?.();
  }

  /** Between two segments: what comes next begins one. */
  get idle(): boolean {
    return this.#held === '' && !this.#inText;
  }

  /** @param offset of the text's first character in the stream */
  take(text: string, offset: number): void {
    const n = text.length;
    let lf = -1;
    let cr = -1;
    for (let i = 0; i < n;) {
      if (lf < i) lf = indexOrEnd(text, '\n', i);
      if (cr < i) cr = indexOrEnd(text, '\r', i);
      const stop = this.#inText ? lf : Math.min(lf, cr);
      if (stop > i) this.#hold(text.slice(i, stop), offset + i);
      if (stop === n) return;
      const ended = stop === lf;
      if (this.#held !== '' || this.#inText) this.#segment(ended);
      if (ended) this.#inText = false;
      else if (this.#inText) this.#hold('\r', offset + stop);
      this.#afterReturn = !ended;
      i = stop + 1;
    }
  }

  /** One character more than is kept shows that there was more. */
  #hold(text: string, offset: number): void {
    if (this.#held === '') this.#heldAt = offset;
    const room = LONGEST_LINE + 1 - this.#held.length;
    if (room > 0) this.#held += text.length <= room ? text : text.slice(0, room);
  }

  /** What is held ends here, with its line (`ended`) or with a CR; as text it goes on past a CR. */
  #segment(ended: boolean): void {
    if (!this.#inText) {
      const text = this.#readRecord(this.#held);
      this.#heldAt += this.#held.length - text.length;
      this.#held = text;
      if (text === '') return;
      this.#inText = true;
    }
    if (!ended) return;
    const line = this.#held;
    this.#held = '';
    this.#dialect.line(line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line);
  }

  /** Returns what of the segment is text: all of it, what follows a record directly, or nothing. */
  #readRecord(segment: string): string {
    const whole = segment.length <= LONGEST_LINE;
    const found = whole ? this.#dialect.read(segment, this.#record, this.#afterReturn) : null;
    if (found !== null) {
      this.#record.endOffset = this.#heldAt + found.end;
      this.#reporter.sample(this.#fd, this.#record);
      return segment.slice(found.rest);
    }
    return trimmedLength(segment) === 0 ? '' : segment;
  }
}

function indexOrEnd(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}
