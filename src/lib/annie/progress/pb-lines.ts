/**
 * What lux and annie say in lines: the header of an item, merging, a skipped file, errors.
 *
 * From ` Site:` to `# download with` nothing is believed but the labels, in their order, so that a title that
 * holds a bar, a line end or an error message stays a title.
 */
import { COLON, CR, LF, SPACE, startsWith, toBytes, toText, withoutEscapes } from './bytes.ts';
import { ItemHeader, LABEL } from './item-header.ts';
import type { Run } from './run.ts';

const SITE = toBytes(LABEL.site);
const TITLE = toBytes(LABEL.title);
const TYPE = toBytes(LABEL.type);
const STREAM = toBytes(LABEL.stream);
const NEXT_STREAM = toBytes('     [');
const LAST = toBytes(LABEL.last);

const FAILED = ' error:';
const BEGUN = /(?:^|\S)Downloading /g;
/** What `.` is not, in a regular expression. */
const LINE_ENDS = /[\r\u2028\u2029]/g;
const OTHER_FAILURES =
  /^(?:Run \S+ failed: |Incorrect Usage[:.] ?)(.*)$|^(flag provided but not defined: .*)$/;
/** Of a longer title the beginning is kept. */
const LONGEST_TITLE = 16 * 1024;
const FIRST_BYTES = 256;

export class PbLines {
  private readonly run: Run;
  /** Where in a header the lines at hand are. `between`: after a stream of a list, where another may follow. */
  private part: 'none' | 'site' | 'title' | 'streams' | 'between' = 'none';
  /** The header has one stream, the one that is fetched. */
  private single = true;
  /**
   * The header at hand: what a chunk boundary cut off is `carried[0, to)`, then come lines that stand after each
   * other in `span[spanStart, spanEnd)`. Nearly always it is one span, of which a string is made at once.
   */
  private carried = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private to = 0;
  private span: Buffer | null = null;
  private spanStart = 0;
  private spanEnd = 0;
  private endOffset = 0;
  private awaitsMessage = false;
  private lastError: string | null = null;

  constructor(run: Run) {
    this.run = run;
  }

  /** Whether the lines at hand belong to a header: no bar is printed within one. */
  get inHeader(): boolean {
    return this.part !== 'none' && this.part !== 'between';
  }

  /** The line `[start, end)`, without its LF, which stands at `endOffset` of the stream. */
  line(b: Buffer, start: number, end: number, endOffset: number): void {
    while (end > start && b[end - 1] === CR) end--;
    if (this.part !== 'none' && this.headerLine(b, start, end, endOffset)) return;
    if (end === start) return;
    if (b[start] !== SPACE || this.awaitsMessage) {
      this.message(withoutEscapes(toText(b, start, end)));
    } else if (startsWith(b, start, SITE)) {
      this.part = 'site';
      this.single = true;
      this.to = 0;
      this.keep(b, start, end);
    }
  }

  end(): void {
    if (this.part === 'between') this.close();
    this.part = 'none';
  }

  /** Whether the line was the header's. */
  private headerLine(b: Buffer, start: number, end: number, endOffset: number): boolean {
    if (this.part === 'between') {
      if (start === end) return true;
      if (!startsWith(b, start, NEXT_STREAM)) {
        this.close();
        return false;
      }
      this.part = 'streams';
    }
    if (this.part === 'site') {
      if (startsWith(b, start, TITLE)) this.part = 'title';
      else return true;
    } else if (this.part === 'title') {
      if (startsWith(b, start, TYPE)) this.part = 'streams';
      else if (this.length() > LONGEST_TITLE) return true;
    } else if (startsWith(b, start, STREAM)) {
      this.single = b[start + STREAM.length] === COLON;
      if (this.single) this.run.phase('downloading');
    } else if (startsWith(b, start, LAST)) {
      this.endOffset = endOffset + 1;
      if (this.single) this.close();
      else this.part = 'between';
      return true;
    }
    this.keep(b, start, end);
    return true;
  }

  private close(): void {
    if (this.to > 0) this.settle();
    const text =
      this.span === null ? toText(this.carried, 0, this.to) : toText(this.span, this.spanStart, this.spanEnd);
    this.span = null;
    this.part = 'none';
    this.run.event(new ItemHeader(text, this.endOffset));
  }

  private keep(b: Buffer, start: number, end: number): void {
    if (this.span !== b || start !== this.spanEnd + 1) {
      this.settle();
      this.span = b;
      this.spanStart = start;
    }
    this.spanEnd = end;
  }

  /** Bytes of the header at hand, each line with its LF. */
  private length(): number {
    return this.span === null ? this.to : this.to + this.spanEnd - this.spanStart + 1;
  }

  /** Copies what is kept, as its bytes may be written over now. */
  settle(): void {
    const { span, to } = this;
    if (span === null) return;
    this.to = this.length();
    if (this.to > this.carried.length) {
      const bigger = Buffer.allocUnsafeSlow(2 * this.to);
      this.carried.copy(bigger, 0, 0, to);
      this.carried = bigger;
    }
    span.copy(this.carried, to, this.spanStart, this.spanEnd);
    this.carried[this.to - 1] = LF;
    this.span = null;
  }

  private message(line: string): void {
    if (this.awaitsMessage) {
      this.awaitsMessage = false;
      this.fail(line);
    } else if (line.startsWith('Merging video parts into ')) {
      this.run.phase('merging');
    } else if (line.endsWith(': file already exists, skipping')) {
      this.run.event({ type: 'skipped' });
    } else if (isFailure(line)) {
      this.awaitsMessage = true;
    } else {
      const match = OTHER_FAILURES.exec(line);
      if (match !== null) this.fail(match[1] ?? match[2] ?? '');
    }
  }

  /** A wrong flag is told twice, by the flag parser and by lux itself. */
  private fail(line: string): void {
    const message = line.trim();
    if (message !== this.lastError) this.run.event({ type: 'error', message });
    this.lastError = message;
  }
}

/** `Downloading … error:`, the line's end. In two looks, not by one pattern with `.*` in it, which is quadratic. */
function isFailure(line: string): boolean {
  if (!line.endsWith(FAILED)) return false;
  const text = line.slice(0, -FAILED.length);
  const start = lastMatch(text, LINE_ENDS) + 1;
  BEGUN.lastIndex = Math.max(0, start - 1);
  return BEGUN.test(text);
}

/** Where the last match stands; -1 = there is none. */
function lastMatch(text: string, pattern: RegExp): number {
  let last = -1;
  for (const { index } of text.matchAll(pattern)) last = index;
  return last;
}
