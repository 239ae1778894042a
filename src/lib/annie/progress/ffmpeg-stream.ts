/** ffmpeg's log, on its fd 2: how long the input plays, when output begins, its status. */
import { SPACE, startsWith, toBytes, toText } from './bytes.ts';
import { FfmpegStatsReader } from './ffmpeg-stats.ts';
import { SegmentStream } from './segments.ts';
import type { Source } from './window.ts';

const DURATION = toBytes('  Duration: ');
const OUTPUT = toBytes('Output #0');
const CLOCK = /^ {2}Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?),/;
const UPPER_O = 79;

export class FfmpegLogStream extends SegmentStream {
  private readonly reader = new FfmpegStatsReader();

  protected override take(chunk: Uint8Array): void {
    let i = this.begin(chunk);
    const n = this.window.end;
    while (i < n) i = this.after(i, n, this.record(this.window, i, n));
  }

  protected override record(source: Source, i: number, n: number): number {
    if (!FfmpegStatsReader.begins(source.bytes[i]!)) return 0;
    const end = this.reader.read(source.bytes, i, n, this.values);
    this.trailing = this.reader.trailing;
    return end;
  }

  protected override line(b: Buffer, start: number, end: number): void {
    const c = b[start];
    if (c === UPPER_O && startsWith(b, start, OUTPUT)) this.run.phase('processing');
    else if (c === SPACE && startsWith(b, start, DURATION)) this.duration(toText(b, start, end));
  }

  private duration(line: string): void {
    const match = CLOCK.exec(line);
    if (match === null) return;
    const [, hours, minutes, seconds] = match.map(Number) as [number, number, number, number];
    this.run.event({ type: 'duration', seconds: hours * 3600 + minutes * 60 + seconds });
  }
}
