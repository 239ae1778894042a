/** ffmpeg's log, on its fd 2: how long the input plays, when output begins, its status. */
import { COLON, SPACE, startsWith, toBytes } from './bytes.ts';
import { readDecimal } from './decimal.ts';
import { FfmpegStatsReader } from './ffmpeg-stats.ts';
import { readClock } from './numbers.ts';
import { SegmentStream } from './segments.ts';
import type { Source } from './window.ts';

const DURATION = toBytes('  Duration: ');
const OUTPUT = toBytes('Output #0');
const UPPER_O = 79;
const COMMA = 44;

export class FfmpegLogStream extends SegmentStream {
  private readonly reader = new FfmpegStatsReader();
  private readonly clock = new Float64Array(2);

  protected override take(chunk: Uint8Array): void {
    let i = this.begin(chunk);
    const n = this.window.end;
    while ((i = this.next(i, n)) < n) {
      const end = this.record(this.window, i, n);
      i = end > 0 ? this.after(i, end, n) : this.noRecord(i, n, end < 0);
    }
  }

  protected override record(source: Source, i: number, n: number): number {
    if (!FfmpegStatsReader.begins(source.bytes[i]!)) return 0;
    const end = this.reader.read(source.bytes, i, n, this.values);
    this.trailing = this.reader.trailing;
    return end;
  }

  protected override line(b: Buffer, start: number): void {
    const c = b[start];
    if (c === UPPER_O && startsWith(b, start, OUTPUT)) this.run.phase('processing');
    else if (c === SPACE && startsWith(b, start, DURATION)) this.duration(b, start + DURATION.length);
  }

  /** `00:01:00.02,` begins at `i`; `N/A` is not told. Read in place: 44 ns a piece of the line, 133 with an expression. */
  private duration(b: Buffer, i: number): void {
    const { clock } = this;
    const end = readClock(b, i, clock, 0);
    // The hours are not left out.
    if (end < 0 || b[end - 3] !== COLON || b[end - 6] !== COLON) return;
    // Once more from the seconds on, for their fraction.
    const after = readDecimal(b, end - 2, clock, 1);
    if (after < 0 || b[after] !== COMMA) return;
    const seconds = clock[0]! - Math.trunc(clock[1]!) + clock[1]!;
    this.run.event({ type: 'duration', seconds });
  }
}
