/**
 * The download jobs of all sessions: a command is applied according to the state of its job. Only one thing happens
 * in a work dir at a time; a command that arrives too early is kept in `NextSteps`.
 */
import type { SluiceError } from '../protocol/error.ts';
import type { JobRef, MarkedFile, RunnerEvent, StartJob } from '../protocol/runner.ts';
import { authorityOf } from '../protocol/unreachable.ts';
import { mayBeHostLimit, optionalOutput, toFailure } from './failure.ts';
import type { FolderGate } from './folder-gate.ts';
import { InProgress } from './in-progress.ts';
import { GatedQueue, type QueueSlots, type SlotTicket } from './gated-queue.ts';
import { activeAttempt, JobTable, mergeDiscards, type Cleanup, type Job, type NextSteps } from './job.ts';
import { ReportedAttempt, type AttemptOutcome, type ReportedAttemptOptions } from './reported-attempt.ts';
import { removeFiles } from './remove-files.ts';
import type { RunInJob } from './run-in-job.ts';

export interface DownloadJobsOptions extends ReportedAttemptOptions {
  gate: FolderGate;
  slots: QueueSlots;
  runInJob: RunInJob;
}

/**
 * Outcomes kept for sessions that have not settled them; beyond that the oldest is dropped. After that a finished
 * file is known by its journal, and a failed download that is started again runs again. 4 kB of output each.
 */
const MAX_OUTCOMES = 1_000;

export class DownloadJobs {
  readonly jobs = new JobTable();
  readonly #options: DownloadJobsOptions;
  readonly #queue: GatedQueue;
  /** Jobs whose outcome is kept, oldest first. */
  readonly #unsettled = new Set<Job>();
  /** Attempts and cleanups: `close` waits for them. */
  readonly #inProgress = new InProgress();
  #closed = false;

  constructor(options: DownloadJobsOptions) {
    this.#options = options;
    const { slots, gate, clock, reachability } = options;
    this.#queue = new GatedQueue(slots, gate, clock, (host) => reachability.isAway(host));
  }

  start(session: string, request: StartJob): void {
    const job = this.#openJob(session, request.download);
    if (job === null || request.attempt < job.attempt) return;
    const isRepeat = request.attempt === job.attempt;
    job.attempt = request.attempt;
    const { state } = job;
    switch (state.name) {
      case 'idle':
        return this.#enqueue(job, request);
      case 'waiting':
        if (!isRepeat) Object.assign(state, { request, gaveWay: false });
        return this.#sendWait(job);
      case 'running':
        if (isRepeat) state.attempt.repeat();
        else this.#stopAttempt(job, state.attempt, { stops: [], cleanup: null, next: request });
        return;
      case 'ending':
        state.pending.next = request;
        state.pending.gaveWay &&= isRepeat;
        return;
      case 'ended':
        if (isRepeat) this.#options.outbox.send(session, state.outcome);
        else this.#enqueue(job, request);
        return;
    }
  }

  stop(session: string, { download, attempt }: JobRef): void {
    const job = this.jobs.get(download);
    if (job?.session !== session) return this.#sendStopped(session, download, attempt);
    const { state } = job;
    const isOlder = attempt < job.attempt;
    if (state.name === 'ending') {
      state.pending.stops.push(attempt);
      if (!isOlder) state.pending.next = null;
    } else if (state.name === 'running' && !isOlder) {
      this.#stopAttempt(job, state.attempt, { stops: [attempt], cleanup: null, next: null });
    } else {
      if (state.name === 'waiting' && !isOlder) {
        this.#queue.release(state.ticket);
        this.#forget(job);
      }
      this.#sendStopped(session, download, attempt);
    }
  }

  /** The session has stored the outcome. Ignored while the job waits or runs: the command is late then. */
  settle(session: string, download: string): void {
    const job = this.#openJob(session, download);
    if (job === null) return;
    const { state } = job;
    if (state.name === 'ending') {
      state.pending.cleanup ??= state.pending.next ? null : { for: 'settle' };
    } else if (state.name === 'idle' || state.name === 'ended') {
      this.#cleanUp(job, { for: 'settle' });
    }
  }

  discard(session: string, download: string, file: MarkedFile | null, keepFile: boolean): void {
    const job = this.#openJob(session, download);
    if (job === null) return;
    const files = file === null ? [] : [file];
    const cleanup: Cleanup = { for: 'discard', replies: 1, files, keepFile, output: '' };
    const { state } = job;
    switch (state.name) {
      case 'running':
        return this.#stopAttempt(job, state.attempt, { stops: [], cleanup, next: null });
      case 'ending':
        state.pending.next = null;
        state.pending.cleanup = mergeDiscards(state.pending.cleanup, cleanup);
        return;
      case 'waiting':
        this.#queue.release(state.ticket);
        return this.#cleanUp(job, cleanup);
      case 'idle':
      case 'ended':
        return this.#cleanUp(job, cleanup);
    }
  }

  /** Stops the jobs of a session that it does not want; returns those that remain. */
  want(session: string, wanted: JobRef[]): JobRef[] {
    const attempts = new Map(wanted.map(({ download, attempt }) => [download, attempt]));
    for (const job of this.jobs.of(session)) {
      const active = activeAttempt(job);
      if (active && attempts.get(active.download) !== active.attempt) this.stop(session, active);
    }
    return this.jobs.of(session).flatMap((job) => activeAttempt(job) ?? []);
  }

  /** The session's lease has expired: stops its jobs, keeps their bytes, drops outcomes that were not fetched. */
  dropSession(session: string): void {
    this.want(session, []);
    for (const job of this.jobs.of(session)) if (job.state.name === 'ended') this.#forget(job);
  }

  /** Aborts everything and waits until it has ended, but no longer than `stuckMs` for engines that ignore the abort. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.close();
    for (const { session, download, attempt } of this.jobs.all()) this.stop(session, { download, attempt });
    await this.#inProgress.ended(this.#options.clock, this.#options.stuckMs);
  }

  #openJob(session: string, download: string): Job | null {
    const job = this.jobs.open(session, download);
    if (job === null)
      this.#options.log('a session asked for a download of another one', { session, download });
    return job;
  }

  #forget(job: Job): void {
    this.#unsettled.delete(job);
    job.state = { name: 'idle' };
    this.jobs.delete(job);
  }

  #keepOutcome(job: Job, outcome: AttemptOutcome): void {
    job.state = { name: 'ended', outcome };
    this.#unsettled.add(job);
    const [oldest] = this.#unsettled;
    if (oldest && this.#unsettled.size > MAX_OUTCOMES) this.#forget(oldest);
  }

  /** @param stopped the attempt that ran, with its last output */
  #sendStopped(
    session: string,
    download: string,
    attempt: number,
    stopped?: { run: ReportedAttempt; output: string },
  ): void {
    const event: RunnerEvent = { type: 'stopped', download, attempt, ...optionalOutput(stopped?.output) };
    this.#options.outbox.send(session, event, stopped?.run.samples);
  }

  #enqueue(job: Job, request: StartJob, gaveWay = false): void {
    this.#unsettled.delete(job);
    const begin = (): void => {
      const { session, download, state } = job;
      if (state.name !== 'waiting') return;
      const place = this.#queue.placeOf(ticket, download);
      const attempt = this.#options.runInJob(
        { session, download, url: state.request.url },
        () => new ReportedAttempt(session, state.request, place, this.#options),
      );
      job.state = { name: 'running', attempt };
      place.watch(attempt.measured(() => this.#giveWay(job, attempt)));
      const ended = attempt.ended.then((outcome) => this.#onEnded(job, attempt, outcome, ticket));
      this.#track(job, ended);
    };
    const refuse = (reason: SluiceError): void => {
      if (job.state.name !== 'waiting') return;
      const { download, attempt } = job.state.request;
      const outcome = { type: 'failed', download, attempt, error: toFailure(reason), output: '' } as const;
      this.#keepOutcome(job, outcome);
      this.#options.outbox.send(job.session, outcome);
    };
    const onHeld = (connections: number): void => {
      if (job.state.name !== 'waiting') return;
      job.state.held = connections;
      this.#sendWait(job);
    };
    const { owner, url, limits } = request;
    const waiter = { begin, refuse, onHeld, owner, ofOwner: limits?.slots, host: authorityOf(url), gaveWay };
    const ticket = this.#queue.enqueue(job.session, waiter);
    job.state = { name: 'waiting', request, ticket, held: null, gaveWay };
  }

  #giveWay(job: Job, attempt: ReportedAttempt): void {
    if (job.state.name !== 'running') return;
    this.#options.outbox.send(job.session, { type: 'gave-way', ...attempt.samples.ref }, attempt.samples);
    this.#stopAttempt(job, attempt, { stops: [], cleanup: null, next: attempt.job, gaveWay: true });
  }

  /** Why it waits for more than its turn. */
  #sendWait({ session, download, attempt, state }: Job): void {
    if (state.name !== 'waiting') return;
    const { held: connections, gaveWay } = state;
    const { outbox } = this.#options;
    if (connections !== null) outbox.send(session, { type: 'limited', download, attempt, connections });
    else if (gaveWay) outbox.send(session, { type: 'gave-way', download, attempt });
  }

  #stopAttempt(job: Job, attempt: ReportedAttempt, pending: NextSteps): void {
    job.state = { name: 'ending', pending };
    attempt.stop();
  }

  async #onEnded(job: Job, run: ReportedAttempt, outcome: AttemptOutcome, ticket: SlotTicket): Promise<void> {
    const mayWait = outcome.type === 'failed' && mayBeHostLimit(outcome.error, run);
    const isForGood = mayWait && !outcome.error.transient;
    const isLimited = mayWait && (await this.#queue.isLimited(ticket, job.download, isForGood));
    if (isLimited && job.state.name === 'running' && run.reportedOutcome === null && !this.#closed) {
      // No failure of its own: it waits, as if it had not begun.
      this.#options.outbox.discardSample(run.samples);
      this.#enqueue(job, run.job);
    } else if (job.state.name === 'running') {
      this.#keepOutcome(job, run.reportedOutcome ?? outcome);
      if (!run.reportedOutcome) this.#options.outbox.send(job.session, outcome, run.samples);
    } else if (job.state.name === 'ending') {
      this.#onStopped(job, run, outcome, job.state.pending);
    }
  }

  /** A stopped attempt has ended. It may have finished its file all the same. */
  #onStopped(job: Job, run: ReportedAttempt, outcome: AttemptOutcome, pending: NextSteps): void {
    const { outbox } = this.#options;
    const { output } = outcome;
    let done: AttemptOutcome | null = null;
    if (pending.cleanup?.for === 'discard') pending.cleanup.output = output;
    if (outcome.type === 'done') {
      // A discarded download leaves no unreported file; a newer attempt reports the file itself.
      if (pending.cleanup?.for === 'discard') {
        if (!pending.cleanup.keepFile) pending.cleanup.files.push(outcome.file);
      } else if (outcome.attempt === job.attempt) done = outcome;
    }
    if (done) outbox.send(job.session, done, run.samples);
    for (const attempt of pending.stops)
      this.#sendStopped(job.session, job.download, attempt, { run, output });
    pending.stops = [];
    outbox.discardSample(run.samples);
    if (done && !pending.cleanup) this.#keepOutcome(job, done);
    else this.#applyPending(job, pending);
  }

  #applyPending(job: Job, { stops, cleanup, next, gaveWay }: NextSteps): void {
    for (const attempt of stops) this.#sendStopped(job.session, job.download, attempt);
    if (cleanup) this.#cleanUp(job, cleanup, next);
    else if (next && !this.#closed) this.#enqueue(job, next, gaveWay);
    else this.#forget(job);
  }

  #cleanUp(job: Job, cleanup: Cleanup, next: StartJob | null = null): void {
    const pending: NextSteps = { stops: [], cleanup: null, next };
    this.#unsettled.delete(job);
    job.state = { name: 'ending', pending };
    // Only while the session runs others, which may take it soon.
    const spareFor = (): string | null => (this.#queue.holdsSlot(job.session) ? job.session : null);
    this.#track(
      job,
      removeFiles(job, cleanup, spareFor, this.#options).then(() => this.#applyPending(job, pending)),
    );
  }

  #track({ session }: Job, work: Promise<unknown>): void {
    const { folder, log } = this.#options;
    this.#inProgress.add(work, () => {
      if (this.#queue.holdsSlot(session)) return;
      folder.removeSpares(session).catch((thrown: unknown) => {
        log('what was kept for the next download could not be removed', { session, thrown });
      });
    });
  }
}
