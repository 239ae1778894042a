/** One fd of yt-dlp: progress in one of three forms, messages, and the status of an ffmpeg that it runs. */
import { OPEN } from './bytes.ts';
import { FfmpegStatsReader } from './ffmpeg-stats.ts';
import { type SegmentOptions, SegmentStream } from './segments.ts';
import { SluiceReader } from './sluice-template.ts';
import { YtDlpJsonReader } from './ytdlp-json.ts';
import { YtDlpMessages } from './ytdlp-messages.ts';
import { YtDlpTextReader } from './ytdlp-record.ts';
import type { Source } from './window.ts';

/** How yt-dlp was told to print progress; `prefix` stands before each record. */
export type YtDlpFormat =
  { format: 'text' } | { format: 'json'; prefix: string } | { format: 'sluice'; prefix: string };

interface Options extends SegmentOptions {
  /** null: no progress on this fd. */
  progress: YtDlpFormat | null;
  /** An ffmpeg that yt-dlp runs writes here. */
  ffmpeg: boolean;
  errors: boolean;
}

export class YtDlpStream extends SegmentStream {
  private readonly messages: YtDlpMessages;
  private readonly stock: YtDlpTextReader | null;
  private readonly json: YtDlpJsonReader | null;
  private readonly sluice: SluiceReader | null;
  private readonly ffmpeg: FfmpegStatsReader | null;
  /** The record read last was ffmpeg's, which has other numbers. */
  private wasFfmpeg = false;

  constructor(options: Options) {
    super(options);
    const { run, progress, ffmpeg, errors } = options;
    this.messages = new YtDlpMessages(run, errors);
    this.stock = progress?.format === 'text' ? new YtDlpTextReader() : null;
    this.json = progress?.format === 'json' ? new YtDlpJsonReader(progress.prefix) : null;
    this.sluice = progress?.format === 'sluice' ? new SluiceReader(progress.prefix) : null;
    this.ffmpeg = ffmpeg ? new FfmpegStatsReader() : null;
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
    const b = source.bytes;
    const c = b[i]!;
    if (this.ffmpeg !== null && FfmpegStatsReader.begins(c)) {
      return this.ffmpegRecord(this.ffmpeg, b, i, n);
    }
    if (this.wasFfmpeg) this.forget();
    if (!this.messages.progressPossible) return 0;
    if (this.stock !== null) return c === OPEN ? this.stock.read(source, i, n, this.values) : 0;
    if (this.json !== null) return this.json.read(b, i, n, this.values, !this.afterReturn);
    if (this.sluice !== null) return this.sluice.begins(c) ? this.sluice.read(source, i, n, this.values) : 0;
    return 0;
  }

  protected override glue(b: Buffer, i: number): boolean {
    return (this.stock?.glue(b, i) ?? false) || (this.json?.glue(b, i) ?? false);
  }

  protected override line(b: Buffer, start: number, end: number): void {
    if (b[start] === OPEN || this.sluice === null) {
      this.messages.line(b, start, end);
      return;
    }
    const name = this.sluice.postprocessor(b, start);
    if (name > 0) this.messages.postprocessor(b, name, end);
    else this.messages.line(b, start, end);
  }

  private ffmpegRecord(reader: FfmpegStatsReader, b: Uint8Array, i: number, n: number): number {
    this.values.fill(NaN);
    this.wasFfmpeg = true;
    const end = reader.read(b, i, n, this.values);
    this.trailing = end > 0 ? reader.trailing : 0;
    return end;
  }

  private forget(): void {
    this.values.fill(NaN);
    this.trailing = 0;
    this.wasFfmpeg = false;
  }
}
