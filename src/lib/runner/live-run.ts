/** A run as its session hears of it: phases and samples go up, the end comes back as the event to send. */
import { SluiceError } from '../protocol/error.ts';
import type { EngineName } from '../protocol/media.ts';
import type { JobRef, RunnerEvent, StartJob } from '../protocol/runner.ts';
import type { Registry } from '../annie/registry.ts';
import { startTimer, type Clock } from './clock.ts';
import { DownloadRun, type RunEnd } from './download-run.ts';
import { toFailure } from './failure.ts';
import type { DownloadFolder } from '../files/download-folder.server.ts';
import type { Log } from '../protocol/log.ts';
import type { Outbox, SampleSlot } from './outbox.ts';
import type { SpaceWatch } from './space.ts';

export type Outcome = Extract<RunnerEvent, { type: 'done' | 'failed' }>;

export interface LiveRunOptions {
  registry: Pick<Registry, 'choose'>;
  folder: DownloadFolder;
  outbox: Outbox;
  space: SpaceWatch;
  clock: Clock;
  log: Log;
  stallMs: number;
  /** ms after which an engine that ignores an abort no longer holds a place. Its work dir stays locked. */
  stuckMs: number;
}

export class LiveRun {
  readonly job: StartJob;
  readonly slot: SampleSlot;
  /** Resolves once nothing works or writes any more. */
  readonly gone: Promise<Outcome>;
  /** Sent before the run was gone, because its engine ignores the abort. */
  told: Outcome | null = null;
  readonly #options: LiveRunOptions;
  readonly #run: DownloadRun;
  readonly #release: () => void;
  /** Whether the session still hears of this run. */
  #heard = true;
  #stopTimer: () => void = () => undefined;

  /** `release` gives the place back; called at least once. */
  constructor(session: string, job: StartJob, release: () => void, options: LiveRunOptions) {
    const { registry, folder, outbox, space, clock, stallMs } = options;
    const ref: JobRef = { download: job.download, attempt: job.attempt };
    this.job = job;
    this.slot = { session, ref, pending: null };
    this.#options = options;
    this.#release = release;
    this.#run = new DownloadRun({
      session,
      job,
      registry,
      folder,
      space,
      clock,
      stallMs,
      onPhase: (phase) => {
        if (this.#heard) outbox.event(session, { type: 'phase', ...phase, ...ref }, this.slot);
      },
      onSample: (sample) => {
        if (this.#heard) outbox.sample(this.slot, sample);
      },
    });
    this.#run.signal.addEventListener('abort', () => this.#expectGone(), { once: true });
    this.gone = this.#run.ended.then((end) => this.#ended(end));
  }

  get engine(): EngineName | null {
    return this.#run.phase.engine;
  }

  /** For a session that woke up: where the job is, and its newest sample. */
  tellAgain(): void {
    const { outbox } = this.#options;
    const { session, ref } = this.slot;
    if (this.told) return outbox.event(session, this.told);
    outbox.drop(this.slot);
    outbox.event(session, { type: 'phase', ...this.#run.phase, ...ref });
    if (this.#run.sample) outbox.event(session, { type: 'sample', ...ref, sample: this.#run.sample });
  }

  /** Asks the engine to end; the session hears nothing more from here. */
  leave(): void {
    this.#heard = false;
    this.#run.abort(new SluiceError('not_ready', 'The download was stopped.'));
  }

  /** An engine has to settle after an abort. One that does not loses its place. */
  #expectGone(): void {
    const { clock, stuckMs, log, outbox } = this.#options;
    this.#stopTimer = startTimer(clock, stuckMs, () => {
      log('an engine ignores that it was aborted', { ...this.slot.ref, engine: this.engine });
      this.#release();
      if (!this.#heard) return;
      this.#heard = false;
      const error = toFailure(this.#run.signal.reason);
      this.told = { type: 'failed', ...this.slot.ref, error, output: this.#run.output };
      outbox.event(this.slot.session, this.told, this.slot);
    });
  }

  #ended(end: RunEnd): Outcome {
    this.#stopTimer();
    this.#release();
    const { ref } = this.slot;
    if (end.how === 'done') return { type: 'done', ...ref, file: end.file, output: end.output };
    if (end.error.code === 'internal_error') {
      this.#options.log('a download broke', { ...ref, thrown: end.thrown });
    }
    return { type: 'failed', ...ref, error: end.error, output: end.output };
  }
}
