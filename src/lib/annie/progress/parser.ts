/**
 * The progress parser: bytes of an engine's two fds in, records and events out. What it keeps of them is bounded,
 * however long a line is.
 */
import { AnnieStream } from './annie-stream.ts';
import { ItemLines } from './item-lines.ts';
import { LineReader } from './lines.ts';
import { LuxBarStream } from './lux-bar.ts';
import { Reporter } from './reporter.ts';
import type { ByteStream, ProgressSink } from './sink.ts';
import { sluiceReader } from './sluice-template.ts';
import { YtDlpLines } from './ytdlp-lines.ts';

/** What an engine prints when Sluice runs it, through pipes. */
export type Dialect =
  /** lux, and annie from July 2021: the bar on fd 2, the rest on fd 1. */
  | { engine: 'lux' }
  /** annie before that: all on fd 1. */
  | { engine: 'annie' }
  /** With our template, each line of which begins with `prefix`. */
  | { engine: 'yt-dlp'; prefix: string };

export interface ProgressParser {
  /** The chunk is not kept. */
  push(fd: 1 | 2, chunk: Uint8Array): void;
  /** Both fds have ended: reports what waited for its end. */
  end(): void;
}

export function createProgressParser(dialect: Dialect, sink: ProgressSink): ProgressParser {
  const reporter = new Reporter(sink, 'downloading');
  switch (dialect.engine) {
    case 'lux':
      return new FdParser(itemLines(reporter, 1), new LuxBarStream(reporter));
    case 'annie':
      // fd 2 has nothing but complaints about flags.
      return new FdParser(new AnnieStream(reporter), itemLines(reporter, 2));
    case 'yt-dlp': {
      const { prefix } = dialect;
      const out = new YtDlpLines(reporter, { records: [sluiceReader(prefix)], prefix });
      const err = new YtDlpLines(reporter, { isErrorFd: true });
      return new FdParser(new LineReader(1, out, reporter), new LineReader(2, err, reporter));
    }
  }
}

function itemLines(reporter: Reporter, fd: 1 | 2): LineReader {
  return new LineReader(fd, new ItemLines(reporter), reporter);
}

/** A stream for each fd; null: its bytes are ignored. */
export class FdParser implements ProgressParser {
  readonly #out: ByteStream | null;
  readonly #err: ByteStream | null;

  constructor(out: ByteStream | null, err: ByteStream | null) {
    this.#out = out;
    this.#err = err;
  }

  push(fd: 1 | 2, chunk: Uint8Array): void {
    if (fd === 1) this.#out?.push(chunk);
    else this.#err?.push(chunk);
  }

  end(): void {
    this.#out?.end();
    this.#err?.end();
  }
}
