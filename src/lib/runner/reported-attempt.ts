/** An attempt whose phases and samples are reported to its session; its end is returned as the event to send. */
import { SluiceError } from '../protocol/error.ts';
import type { EngineName } from '../protocol/media.ts';
import type { JobRef, RunnerEvent, StartJob } from '../protocol/runner.ts';
import type { Registry } from '../annie/registry.ts';
import { startTimer, type RunnerClock } from './clock.ts';
import type { AttemptEnd } from './attempt-options.ts';
import { DownloadAttempt } from './download-attempt.ts';
import { toFailure } from './failure.ts';
import type { DownloadFolder } from '../files/download-folder.server.ts';
import type { Log } from '../protocol/log.ts';
import type { EventOutbox, SampleBuffer } from './event-outbox.ts';
import type { QueuePlace } from './gated-queue.ts';
import type { Reachability } from './reachability.ts';
import type { SpaceMonitor } from './space-monitor.ts';

export type AttemptOutcome = Extract<RunnerEvent, { type: 'done' | 'failed' }>;

export interface ReportedAttemptOptions {
  registry: Pick<Registry, 'choose'>;
  folder: DownloadFolder;
  outbox: EventOutbox;
  space: SpaceMonitor;
  reachability: Reachability;
  clock: RunnerClock;
  log: Log;
  stallMs: number;
  /** ms after which an engine that ignores an abort loses its slot. Its work dir stays locked. */
  stuckMs: number;
}

export class ReportedAttempt {
  readonly job: StartJob;
  readonly samples: SampleBuffer;
  /** Resolves once nothing of this attempt works or writes any more. */
  readonly ended: Promise<AttemptOutcome>;
  /** Sent before the attempt ended, because its engine ignores the abort. */
  reportedOutcome: AttemptOutcome | null = null;
  readonly #options: ReportedAttemptOptions;
  readonly #attempt: DownloadAttempt;
  readonly #place: QueuePlace;
  #isReporting = true;
  #isSlow = false;
  #hasEnded = false;
  #stopTimer: () => void = () => undefined;

  constructor(session: string, job: StartJob, place: QueuePlace, options: ReportedAttemptOptions) {
    const { registry, folder, outbox, space, reachability, clock, stallMs } = options;
    const ref: JobRef = { download: job.download, attempt: job.attempt };
    this.job = job;
    this.samples = { session, ref, newest: null };
    this.#options = options;
    this.#place = place;
    this.#attempt = new DownloadAttempt({
      session,
      job,
      registry,
      folder,
      space,
      reachability,
      clock,
      stallMs,
      onPhase: (phase) => {
        if (this.#isReporting) outbox.send(session, { type: 'phase', ...phase, ...ref }, this.samples);
      },
      openExtra: () => place.openExtra(),
      onSample: (sample) => {
        if (this.hasReceived) place.received();
        if (this.#isReporting) outbox.queueSample(this.samples, sample);
      },
      onLanded: () => {
        this.#place.release();
        if (this.#isReporting) outbox.send(session, { type: 'landed', ...ref }, this.samples);
      },
    });
    this.#attempt.signal.addEventListener('abort', () => this.#startStuckTimer(), { once: true });
    this.ended = this.#attempt.ended.then((end) => this.#onEnded(end));
  }

  /** Bytes of the file came in this attempt. */
  get hasReceived(): boolean {
    return this.#attempt.hasReceived;
  }

  /** For the check whether it is slow, which is reported to its session. */
  measured(giveWay: () => void): Parameters<QueuePlace['watch']>[0] {
    return {
      receivedBytes: () => this.#attempt.resumableBytes,
      onSlow: (isSlow) => {
        this.#isSlow = isSlow;
        if (this.#isReporting) this.#reportSlow();
      },
      giveWay,
    };
  }

  get engine(): EngineName | null {
    return this.#attempt.phase.engine;
  }

  /** Sends the current phase and the newest sample again, for a session that woke up. */
  repeat(): void {
    const { outbox } = this.#options;
    const { session, ref } = this.samples;
    if (this.reportedOutcome) return outbox.send(session, this.reportedOutcome);
    outbox.discardSample(this.samples);
    outbox.send(session, { type: 'phase', ...this.#attempt.phase, ...ref });
    if (this.#attempt.sample) outbox.send(session, { type: 'sample', ...ref, sample: this.#attempt.sample });
    if (this.#isSlow) this.#reportSlow();
    if (this.#attempt.hasLanded) outbox.send(session, { type: 'landed', ...ref });
  }

  /** Aborts the engine; nothing more is reported. */
  stop(): void {
    this.#isReporting = false;
    this.#attempt.abort(new SluiceError('not_ready', 'The download was stopped.'));
  }

  #reportSlow(): void {
    const { session, ref } = this.samples;
    this.#options.outbox.send(session, { type: 'slow', isSlow: this.#isSlow, ...ref });
  }

  #startStuckTimer(): void {
    if (this.#hasEnded) return;
    const { clock, stuckMs, log, outbox } = this.#options;
    this.#stopTimer = startTimer(clock, stuckMs, () => {
      log('an engine ignores that it was aborted', { ...this.samples.ref, engine: this.engine });
      this.#place.release();
      if (!this.#isReporting) return;
      this.#isReporting = false;
      const error = toFailure(this.#attempt.signal.reason);
      this.reportedOutcome = { type: 'failed', ...this.samples.ref, error, output: this.#attempt.output };
      outbox.send(this.samples.session, this.reportedOutcome, this.samples);
    });
  }

  #onEnded(end: AttemptEnd): AttemptOutcome {
    this.#hasEnded = true;
    this.#stopTimer();
    this.#place.release();
    const { ref } = this.samples;
    if (end.how === 'done') return { type: 'done', ...ref, file: end.file, output: end.output };
    if (end.error.code === 'internal_error') {
      this.#options.log('a download broke', { ...ref, thrown: end.thrown });
    }
    return { type: 'failed', ...ref, error: end.error, output: end.output };
  }
}
