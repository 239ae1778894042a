/**
 * Output recorded in a terminal: all of it is on fd 1, with colours within records and `^C` after them. Sluice itself
 * runs engines through pipes.
 */
import { ItemLines } from '../annie/progress/item-lines.ts';
import type { LineDialect, RecordEnd } from '../annie/progress/lines.ts';
import { Pb1Reader } from '../annie/progress/pb1-record.ts';
import { LONGEST_RECORD, Pb3Reader } from '../annie/progress/pb3-record.ts';
import type { Reporter } from '../annie/progress/reporter.ts';
import { ProgressRecord } from '../annie/progress/sample.ts';
import { trimmedLength } from '../annie/progress/text.ts';
import { Window } from '../annie/progress/window.ts';

/** A colour or cursor move, or a `^C` at the end. */
// eslint-disable-next-line no-control-regex -- control characters are the point
const HIDDEN = /\x1b\[[\x00-?]*[^]?|\^C$/g;

/** Removes terminal codes before another dialect reads the text. */
export class TerminalLines implements LineDialect {
  readonly #inner: LineDialect;

  constructor(inner: LineDialect) {
    this.#inner = inner;
  }

  read(segment: string, record: ProgressRecord, afterReturn: boolean): RecordEnd | null {
    const text = segment.replace(HIDDEN, '');
    if (trimmedLength(text) === 0) return { end: 0, rest: segment.length };
    const found = this.#inner.read(text, record, afterReturn);
    if (found === null) return null;
    const rest = found.rest === text.length ? segment.length : rawIndex(segment, found.rest);
    return { end: rawIndex(segment, found.end), rest };
  }

  line(text: string): void {
    this.#inner.line(text.replace(HIDDEN, ''));
  }

  end(): void {
    this.#inner.end?.();
  }
}

/** The index in `segment` after its first `visible` visible characters. */
function rawIndex(segment: string, visible: number): number {
  let hidden = 0;
  for (const match of segment.matchAll(HIDDEN)) {
    if (match.index - hidden >= visible) break;
    hidden += match[0].length;
  }
  return visible + hidden;
}

/** lux's or annie's output, with bars among its lines. A bar comes after a CR, and never in a header. */
export class BarsAndLines implements LineDialect {
  readonly #items: ItemLines;
  readonly #generation: 'lux' | 'annie';
  readonly #bar = new ProgressRecord();
  readonly #window = new Window(LONGEST_RECORD);
  readonly #lux = new Pb3Reader(this.#bar);
  readonly #annie = new Pb1Reader(this.#bar, this.#window);

  constructor(reporter: Reporter, generation: 'lux' | 'annie') {
    this.#items = new ItemLines(reporter);
    this.#generation = generation;
  }

  read(segment: string, record: ProgressRecord, afterReturn: boolean): RecordEnd | null {
    const n = segment.length;
    if (!afterReturn || this.#items.inHeader || n > LONGEST_RECORD) return null;
    const { bytes } = this.#window;
    bytes.write(segment, 'latin1');
    bytes[n] = 0;
    this.#annie.forget();
    const end = this.#generation === 'lux' ? this.#lux.read(bytes, 0, n) : this.#annie.read(0, n);
    if (end !== trimmedLength(segment)) return null;
    record.set(this.#bar);
    return { end, rest: n };
  }

  line(text: string): void {
    this.#items.line(text);
  }

  end(): void {
    this.#items.end();
  }
}
