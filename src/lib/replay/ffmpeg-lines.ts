/**
 * One fd of an ffmpeg that was recorded by itself: its log, its status, and the output of `-progress`, blocks of
 * `name=value` lines that end with `progress=continue` or `progress=end`. All three may be on one fd.
 */
import { readFfmpegStats } from '../annie/progress/ffmpeg-stats.ts';
import { type LineDialect, type RecordEnd, wholeSegment } from '../annie/progress/lines.ts';
import type { Reporter } from '../annie/progress/reporter.ts';
import type { ProgressRecord } from '../annie/progress/sample.ts';

const BLOCK_END = /^progress=(?:continue|end)$/;
/** `N/A` = not known. `out_time_us` is printed even where there is no size. */
const BLOCK_LINE = /^(total_size|out_time_us)= *(\d+)?/;

export class FfmpegLines implements LineDialect {
  readonly #reporter: Reporter;
  readonly #hasBlocks: boolean;
  #inBlock = false;
  #receivedBytes = NaN;

  constructor(reporter: Reporter, hasBlocks: boolean) {
    this.#reporter = reporter;
    this.#hasBlocks = hasBlocks;
  }

  read(segment: string, record: ProgressRecord, afterReturn: boolean): RecordEnd | null {
    if (this.#hasBlocks && BLOCK_END.test(segment)) {
      const inBlock = this.#inBlock;
      const receivedBytes = this.#receivedBytes;
      this.#inBlock = false;
      this.#receivedBytes = NaN;
      if (!inBlock) return null;
      record.set({ receivedBytes });
      return wholeSegment(segment);
    }
    return readFfmpegStats(segment, record, afterReturn);
  }

  line(text: string): void {
    if (text.startsWith('Output #0')) this.#reporter.phase('processing');
    const match = this.#hasBlocks ? BLOCK_LINE.exec(text) : null;
    if (match === null) return;
    this.#inBlock = true;
    if (match[1] === 'total_size') this.#receivedBytes = Number(match[2] ?? NaN);
  }
}
