/**
 * What lux and annie say in lines: the header of an item, merging, a skipped file, errors.
 *
 *      Site:      Universal
 *      Title:     clip
 *      Type:      video/mp4
 *      Stream:
 *          [default]  -------------------
 *          Quality:         default
 *          Size:            14.89 MiB (15618348 Bytes)
 *          # download with: lux -f default ...
 *
 * The title is raw. From ` Site:` to `# download with` nothing is believed but the labels, so a title that holds
 * a bar, a line end or an error message stays a title.
 */
import { withoutEscapes } from './bytes.ts';
import type { Run } from './run.ts';
import type { HeaderStream } from './sink.ts';

const LABEL = {
  site: ' Site:',
  title: ' Title:',
  type: ' Type:',
  stream: ' Stream:',
  streams: ' Streams:',
  quality: '     Quality:',
  size: '     Size:',
  last: '     # download with:',
} as const;
const STREAM = /^ {5}\[(.*)\] {2}-+$/;
const EXACT_SIZE = /\((\d+) Bytes\)/;
const FAILED = /(?:^|\S)Downloading (?:.*) error:$/;
const OTHER_FAILURES =
  /^(?:Run \S+ failed: |Incorrect Usage[:.] ?)(.*)$|^(flag provided but not defined: .*)$/;
const LONGEST_TITLE = 16 * 1024;

interface Header {
  part: 'title' | 'streams' | 'more-streams';
  site: string;
  title: string | null;
  kind: string;
  single: boolean;
  streams: HeaderStream[];
  endOffset: number;
}

export class PbHeader {
  private readonly run: Run;
  private header: Header | null = null;
  private awaitsMessage = false;
  private lastError: string | null = null;

  constructor(run: Run) {
    this.run = run;
  }

  /** Whether the lines at hand belong to a header: no bar is printed within one. */
  get open(): boolean {
    return this.header !== null && this.header.part !== 'more-streams';
  }

  /** `endOffset`: in its fd's stream, at the line's LF. */
  line(raw: string, endOffset: number): void {
    const line = withoutEscapes(raw).replace(/\r+$/, '');
    if (this.header !== null && this.inHeader(this.header, line, endOffset)) return;
    this.message(line);
  }

  end(): void {
    this.close();
  }

  private message(line: string): void {
    if (this.awaitsMessage) {
      this.awaitsMessage = false;
      this.fail(line);
    } else if (line.startsWith(LABEL.site)) {
      this.begin(line);
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

  private begin(line: string): void {
    this.header = {
      part: 'title',
      site: line.slice(LABEL.site.length).trim(),
      title: null,
      kind: '',
      single: true,
      streams: [],
      endOffset: 0,
    };
  }

  /** Whether the line was the header's. */
  private inHeader(header: Header, line: string, endOffset: number): boolean {
    if (header.part === 'title') {
      if (header.title === null) {
        if (line.startsWith(LABEL.title)) header.title = line.slice(LABEL.title.length);
      } else if (line.startsWith(LABEL.type)) {
        header.kind = line.slice(LABEL.type.length).trim();
        header.part = 'streams';
      } else if (header.title.length < LONGEST_TITLE) {
        header.title += '\n' + line;
      }
      return true;
    }
    const stream = STREAM.exec(line);
    if (stream !== null) {
      header.streams.push({ id: stream[1]!, quality: null, bytes: null });
      header.part = 'streams';
      return true;
    }
    if (header.part === 'more-streams') {
      if (line === '') return true;
      this.close();
      return false;
    }
    this.streamLine(header, line, endOffset);
    return true;
  }

  private streamLine(header: Header, line: string, endOffset: number): void {
    const last = header.streams.at(-1);
    if (line.startsWith(LABEL.stream)) {
      this.run.phase('downloading');
    } else if (line.startsWith(LABEL.streams)) {
      header.single = false;
    } else if (line.startsWith(LABEL.quality)) {
      if (last) last.quality = line.slice(LABEL.quality.length).trim();
    } else if (line.startsWith(LABEL.size)) {
      const size = EXACT_SIZE.exec(line);
      if (last && size) last.bytes = Number(size[1]);
    } else if (line.startsWith(LABEL.last)) {
      header.endOffset = endOffset + 1;
      header.part = 'more-streams';
      if (header.single) this.close();
    }
  }

  private close(): void {
    const { header } = this;
    this.header = null;
    if (header?.part !== 'more-streams') return;
    const { site, title, kind, streams, endOffset } = header;
    this.run.event({ type: 'item', site, title: (title ?? '').trim(), kind, streams, endOffset });
  }
}
