import type { ProgressRecord } from './sample.ts';
import type { Phase, ProgressEvent, ProgressSink } from './sink.ts';

/** Shared by the two fds of a run: reports to the sink, and knows the phase that the run is in. */
export class Reporter {
  readonly #sink: ProgressSink;
  readonly #working: Phase;
  #current: Phase = 'extracting';
  #begun = false;

  /** @param working the phase that a first sample implies when no line said so before */
  constructor(sink: ProgressSink, working: 'downloading' | 'processing') {
    this.#sink = sink;
    this.#working = working;
  }

  sample(fd: 1 | 2, record: ProgressRecord): void {
    if (!this.#begun) this.phase(this.#working);
    this.#sink.sample(fd, record);
  }

  phase(phase: Phase): void {
    if (phase === this.#working) this.#begun = true;
    if (phase === this.#current) return;
    this.#current = phase;
    this.#sink.event({ type: 'phase', phase });
  }

  event(event: ProgressEvent): void {
    // After a skip the one sample that follows (100 %) is not the start of a download.
    if (event.type === 'skipped') this.#begun = true;
    this.#sink.event(event);
  }
}
