import type { Phase, ProgressEvent, ProgressSink } from './sink.ts';

/** What the streams of one engine run share: the phase it is in, and the way to the sink. */
export class Run {
  private readonly sink: ProgressSink;
  private readonly working: Phase;
  private current: Phase = 'extracting';
  private begun = false;

  /** `working`: the phase that a first sample implies when nothing was said before. */
  constructor(sink: ProgressSink, working: 'downloading' | 'processing') {
    this.sink = sink;
    this.working = working;
  }

  sample(fd: 1 | 2, values: Float64Array): void {
    if (!this.begun) this.phase(this.working);
    this.sink.sample(fd, values);
  }

  phase(phase: Phase): void {
    if (phase === this.working) this.begun = true;
    if (phase === this.current) return;
    this.current = phase;
    this.sink.event({ type: 'phase', phase });
  }

  event(event: ProgressEvent): void {
    // After a skip the one sample that follows (100 %) is not the start of a download.
    if (event.type === 'skipped') this.begun = true;
    this.sink.event(event);
  }
}
