/** ffmpeg's log, on its fd 2: how long the input plays, when output begins, its status, what went wrong. */
import { toText, withoutEscapes } from './bytes.ts';
import { FfmpegStatsReader } from './ffmpeg-stats.ts';
import { SegmentStream } from './segments.ts';

const DURATION = /^ {2}Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?),/;

export class FfmpegLogStream extends SegmentStream {
  private readonly reader = new FfmpegStatsReader();
  /** What ffmpeg said last that is not part of a description: after a failure, why. */
  lastMessage: string | null = null;

  protected override record(b: Uint8Array, i: number, n: number): number {
    const end = this.reader.read(b, i, n, this.values);
    this.trailing = this.reader.trailing;
    return end;
  }

  protected override line(bytes: Uint8Array, start: number, end: number): void {
    const line = withoutEscapes(toText(bytes, start, end)).trimEnd();
    const duration = DURATION.exec(line);
    if (duration !== null) {
      const [, hours, minutes, seconds] = duration.map(Number) as [number, number, number, number];
      this.run.event({ type: 'duration', seconds: hours * 3600 + minutes * 60 + seconds });
    } else if (line.startsWith('Output #0')) {
      this.run.phase('processing');
    } else if (line !== '' && !line.startsWith(' ')) {
      this.lastMessage = line;
    }
  }
}
