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

const FAILED = /(?:^|\S)Downloading (?:.*) error:$/;
const OTHER_FAILURES =
  /^(?:Run \S+ failed: |Incorrect Usage[:.] ?)(.*)$|^(flag provided but not defined: .*)$/;
/** Of a longer title the beginning is kept. */
const LONGEST_TITLE = 16 * 1024;
const SLAB_BYTES = 4 * 1024;

export class PbLines {
  private readonly run: Run;
  /** Where in a header the lines at hand are. `between`: after a stream of a list, where another may follow. */
  private part: 'none' | 'site' | 'title' | 'streams' | 'between' = 'none';
  /** The header has one stream, the one that is fetched. */
  private single = true;
  /** Headers, one after the other: an item keeps its place in the slab, so a header costs no buffer of its own. */
  private slab = new Uint8Array(SLAB_BYTES);
  /** The header at hand is `slab[from, to)`. */
  private from = 0;
  private to = 0;
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
  line(b: Uint8Array, start: number, end: number, endOffset: number): void {
    while (end > start && b[end - 1] === CR) end--;
    if (this.part !== 'none' && this.headerLine(b, start, end, endOffset)) return;
    if (end === start) return;
    if (b[start] !== SPACE || this.awaitsMessage) {
      this.message(withoutEscapes(toText(b, start, end)));
    } else if (startsWith(b, start, SITE)) {
      this.part = 'site';
      this.single = true;
      this.from = this.to;
      this.keep(b, start, end);
    }
  }

  end(): void {
    if (this.part === 'between') this.close();
    this.part = 'none';
  }

  /** Whether the line was the header's. */
  private headerLine(b: Uint8Array, start: number, end: number, endOffset: number): boolean {
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
      else if (this.to - this.from > LONGEST_TITLE) return true;
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
    this.part = 'none';
    this.run.event(new ItemHeader(this.slab, this.from, this.to - 1, this.endOffset));
  }

  private keep(b: Uint8Array, start: number, end: number): void {
    if (this.to + (end - start) >= this.slab.length) this.newSlab(end - start);
    const { slab } = this;
    let { to } = this;
    for (let i = start; i < end; i++) slab[to++] = b[i]!;
    slab[to++] = LF;
    this.to = to;
  }

  /** The old one belongs to the items in it. */
  private newSlab(more: number): void {
    const kept = this.slab.subarray(this.from, this.to);
    this.slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (kept.length + more)));
    this.slab.set(kept);
    this.from = 0;
    this.to = kept.length;
  }

  private message(line: string): void {
    if (this.awaitsMessage) {
      this.awaitsMessage = false;
      this.fail(line);
    } else if (line.startsWith('Merging video parts into ')) {
      this.run.phase('merging');
    } else if (line.endsWith(': file already exists, skipping')) {
      this.run.event({ type: 'skipped' });
    } else if (FAILED.test(line)) {
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
