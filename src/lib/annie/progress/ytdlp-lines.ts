import { readFfmpegStats } from './ffmpeg-stats.ts';
import type { LineDialect, RecordEnd, RecordReader } from './lines.ts';
import type { Reporter } from './reporter.ts';
import type { ProgressRecord } from './sample.ts';
import { YtDlpMessages } from './ytdlp-messages.ts';

export interface YtDlpFd {
  /** The forms in which progress is printed here. */
  records?: readonly RecordReader[];
  /** What begins each line of our template, where it names postprocessors too. */
  prefix?: string;
  /** `ERROR:` lines, and the status of an ffmpeg that yt-dlp runs, come here. */
  isErrorFd?: boolean;
}

/** One fd of yt-dlp. */
export class YtDlpLines implements LineDialect {
  readonly #records: readonly RecordReader[];
  /** Begins our template's line for a postprocessor that begins; null = our template is not used. */
  readonly #started: string | null;
  readonly #isErrorFd: boolean;
  readonly #messages: YtDlpMessages;

  constructor(reporter: Reporter, { records = [], prefix, isErrorFd = false }: YtDlpFd) {
    this.#records = records;
    this.#started = prefix === undefined ? null : `${prefix}p started `;
    this.#isErrorFd = isErrorFd;
    this.#messages = new YtDlpMessages(reporter, isErrorFd);
  }

  read(segment: string, record: ProgressRecord, afterReturn: boolean): RecordEnd | null {
    if (this.#isErrorFd) {
      const found = readFfmpegStats(segment, record, afterReturn);
      if (found !== null) return found;
    }
    if (!this.#messages.progressPossible) return null;
    for (const read of this.#records) {
      const found = read(segment, record, afterReturn);
      if (found !== null) return found;
    }
    return null;
  }

  line(text: string): void {
    const started = this.#started;
    if (started !== null && text.startsWith(started))
      this.#messages.postprocessor(text.slice(started.length));
    else this.#messages.line(text);
  }
}
