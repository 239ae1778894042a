/**
 * What lux and annie print in lines: the header of an item, merging, a file that is there already, errors.
 *
 * From ` Site:` to `# download with` only the labels count, in their order, so that a title that holds a bar, a line
 * end or an error message stays a title.
 */
import { ItemHeader, LABEL } from './item-header.ts';
import type { LineDialect } from './lines.ts';
import type { Reporter } from './reporter.ts';
import { toReadable, trimmedLength } from './text.ts';

const CR = 13;
const NEXT_STREAM = '     [';
const DOWNLOADING = /(?:^|\S)Downloading /;
const OTHER_FAILURES =
  /^(?:Run \S+ failed: |Incorrect Usage[:.] ?)(.*)$|^(flag provided but not defined: .*)$/;
/** Characters. Of a longer title, or a longer header, the beginning is kept. */
const LONGEST_TITLE = 16 * 1024;
const LONGEST_HEADER = 256 * 1024;

export class ItemLines implements LineDialect {
  readonly #reporter: Reporter;
  /** Where in a header the lines at hand are. `between`: after a stream of a list, where another may follow. */
  #part: 'none' | 'site' | 'title' | 'streams' | 'between' = 'none';
  /** The header has one stream, the one that is fetched. */
  #isSingle = true;
  #header: string[] = [];
  #headerLength = 0;
  /** The line at hand says why a download failed. */
  #awaitsReason = false;
  #lastError: string | null = null;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** The lines at hand belong to a header: no bar is printed within one. */
  get inHeader(): boolean {
    return this.#part !== 'none' && this.#part !== 'between';
  }

  read(): null {
    return null;
  }

  line(text: string): void {
    const end = trimmedLength(text, CR);
    const line = end === text.length ? text : text.slice(0, end);
    if (this.#part !== 'none' && this.#headerLine(line)) return;
    if (line === '') return;
    if (this.#awaitsReason || !line.startsWith(' ')) {
      this.#message(line);
    } else if (line.startsWith(LABEL.site)) {
      this.#part = 'site';
      this.#isSingle = true;
      this.#header = [];
      this.#headerLength = 0;
      this.#keep(line);
    }
  }

  end(): void {
    if (this.#part === 'between') this.#close();
    this.#part = 'none';
  }

  /** Whether the line was the header's. */
  #headerLine(line: string): boolean {
    if (this.#part === 'between') {
      if (line === '') return true;
      if (!line.startsWith(NEXT_STREAM)) {
        this.#close();
        return false;
      }
      this.#part = 'streams';
    }
    if (this.#part === 'site') {
      if (!line.startsWith(LABEL.title)) return true;
      this.#part = 'title';
    } else if (this.#part === 'title') {
      if (line.startsWith(LABEL.type)) this.#part = 'streams';
      else if (this.#headerLength > LONGEST_TITLE) return true;
    } else if (line[1] === 'S' && line.startsWith(LABEL.stream)) {
      // `Stream:`, or `Streams:` before a list.
      this.#isSingle = line.startsWith(':', LABEL.stream.length);
      if (this.#isSingle) this.#reporter.phase('downloading');
    } else if (line[5] === '#' && line.startsWith(LABEL.last)) {
      if (this.#isSingle) this.#close();
      else this.#part = 'between';
      return true;
    }
    this.#keep(line);
    return true;
  }

  #keep(line: string): void {
    this.#headerLength += line.length + 1;
    if (this.#headerLength <= LONGEST_HEADER) this.#header.push(line);
  }

  #close(): void {
    this.#part = 'none';
    this.#reporter.event(new ItemHeader(this.#header));
    this.#header = [];
  }

  #message(line: string): void {
    if (this.#awaitsReason) {
      this.#awaitsReason = false;
      this.#fail(line);
    } else if (line.startsWith('Merging video parts into ')) {
      this.#reporter.phase('merging');
    } else if (line.endsWith(': file already exists, skipping')) {
      this.#reporter.event({ type: 'skipped' });
    } else if (line.endsWith(' error:') && DOWNLOADING.test(line)) {
      this.#awaitsReason = true;
    } else {
      const match = OTHER_FAILURES.exec(line);
      if (match !== null) this.#fail(match[1] ?? match[2] ?? '');
    }
  }

  /** lux prints a wrong flag twice, by its flag parser and by itself. */
  #fail(line: string): void {
    const message = toReadable(line).trim();
    if (message !== this.#lastError) this.#reporter.event({ type: 'error', message });
    this.#lastError = message;
  }
}
