/**
 * The jobs of all sessions. Each download has a lane; a command looks at the state of the lane and changes it.
 * One thing at a time happens in a work dir: what comes too early is remembered and done when the way is free.
 */
import type { JobRef, MarkedFile, RunnerEvent, StartJob } from '../protocol/runner.ts';
import { startTimer } from './clock.ts';
import { FairQueue } from './fair-queue.ts';
import { heldJob, Lanes, type After, type Clean, type Lane } from './lane.ts';
import { LiveRun, type LiveRunOptions, type Outcome } from './live-run.ts';
import type { WithinJob } from './within-job.ts';

export interface DownloadJobsOptions extends LiveRunOptions {
  maxActive: number;
  within: WithinJob;
}

/**
 * Outcomes remembered for sessions that have not stored them; beyond that the oldest go. Then a landed file is
 * known by its journal, and a failed download that is asked for again runs again. 4 kB of output each.
 */
const OUTCOMES_KEPT = 1_000;

export class DownloadJobs {
  readonly lanes = new Lanes();
  readonly #options: DownloadJobsOptions;
  readonly #queue: FairQueue;
  /** Lanes that ended and were not settled, oldest first. */
  readonly #unsettled = new Set<Lane>();
  /** What `close` waits for: runs and removals of work dirs. */
  readonly #busy = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: DownloadJobsOptions) {
    this.#options = options;
    this.#queue = new FairQueue(options.maxActive);
  }

  start(session: string, job: StartJob): void {
    const lane = this.#laneOf(session, job.download);
    if (lane === null || job.attempt < lane.attempt) return;
    const again = job.attempt === lane.attempt;
    lane.attempt = job.attempt;
    const { now } = lane;
    switch (now.state) {
      case 'idle':
        return this.#enqueue(lane, job);
      case 'waiting':
        if (!again) now.job = job;
        return;
      case 'running':
        if (again) now.live.tellAgain();
        else this.#leave(lane, now.live, { stops: [], clean: null, next: job });
        return;
      case 'leaving':
        now.after.next = job;
        return;
      case 'ended':
        if (again) this.#options.outbox.event(session, now.outcome);
        else this.#enqueue(lane, job);
        return;
    }
  }

  stop(session: string, { download, attempt }: JobRef): void {
    const lane = this.lanes.get(download);
    if (lane?.session !== session) return this.#stopped(session, download, attempt);
    const { now } = lane;
    const older = attempt < lane.attempt;
    if (now.state === 'leaving') {
      now.after.stops.push(attempt);
      if (!older) now.after.next = null;
    } else if (now.state === 'running' && !older) {
      this.#leave(lane, now.live, { stops: [attempt], clean: null, next: null });
    } else {
      if (now.state === 'waiting' && !older) {
        this.#queue.leave(now.ticket);
        this.#forget(lane);
      }
      this.#stopped(session, download, attempt);
    }
  }

  /** Of a job that runs or waits nothing can be settled yet: such a command is late, and ignored. */
  settle(session: string, download: string): void {
    const lane = this.#laneOf(session, download);
    if (lane === null) return;
    const { now } = lane;
    if (now.state === 'leaving') now.after.clean ??= now.after.next ? null : { for: 'settle' };
    else if (now.state === 'idle' || now.state === 'ended') this.#clean(lane, { for: 'settle' });
  }

  discard(session: string, download: string, file: MarkedFile | null, keepFile: boolean): void {
    const lane = this.#laneOf(session, download);
    if (lane === null) return;
    const files = file === null ? [] : [file];
    const clean: Clean = { for: 'discard', answers: 1, files, keepFile, output: '' };
    const { now } = lane;
    switch (now.state) {
      case 'running':
        return this.#leave(lane, now.live, { stops: [], clean, next: null });
      case 'leaving':
        now.after.next = null;
        now.after.clean = addDiscard(now.after.clean, clean);
        return;
      case 'waiting':
        this.#queue.leave(now.ticket);
        return this.#clean(lane, clean);
      case 'idle':
      case 'ended':
        return this.#clean(lane, clean);
    }
  }

  /** Ends what this session runs and does not want; returns what goes on. */
  want(session: string, wanted: JobRef[]): JobRef[] {
    const attempts = new Map(wanted.map(({ download, attempt }) => [download, attempt]));
    for (const lane of this.lanes.of(session)) {
      const held = heldJob(lane);
      if (held && attempts.get(held.download) !== held.attempt) this.stop(session, held);
    }
    return this.lanes.of(session).flatMap((lane) => heldJob(lane) ?? []);
  }

  /** The session is gone: ends its jobs, keeps their bytes, forgets outcomes nobody came for. */
  abandonAll(session: string): void {
    this.want(session, []);
    for (const lane of this.lanes.of(session)) if (lane.now.state === 'ended') this.#forget(lane);
  }

  /** Aborts everything and waits until it is gone, but not for an engine that ignores the abort for `stuckMs`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { session, download, attempt } of this.lanes.all()) this.stop(session, { download, attempt });
    let stopTimer = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      stopTimer = startTimer(this.#options.clock, this.#options.stuckMs, resolve);
    });
    while (this.#busy.size > 0) {
      const gone = Promise.all(this.#busy).then(() => 'gone');
      if ((await Promise.race([gone, stuck])) !== 'gone') break;
    }
    stopTimer();
  }

  #laneOf(session: string, download: string): Lane | null {
    const lane = this.lanes.claim(session, download);
    if (lane === null)
      this.#options.log('a session asked for a download of another one', { session, download });
    return lane;
  }

  #forget(lane: Lane): void {
    this.#unsettled.delete(lane);
    lane.now = { state: 'idle' };
    this.lanes.drop(lane);
  }

  #remember(lane: Lane, outcome: Outcome): void {
    lane.now = { state: 'ended', outcome };
    this.#unsettled.add(lane);
    const [oldest] = this.#unsettled;
    if (oldest && this.#unsettled.size > OUTCOMES_KEPT) this.#forget(oldest);
  }

  /** @param run what was stopped, and its last words */
  #stopped(
    session: string,
    download: string,
    attempt: number,
    run?: { live: LiveRun; output: string },
  ): void {
    const stopped: RunnerEvent = { type: 'stopped', download, attempt, ...printed(run?.output) };
    this.#options.outbox.event(session, stopped, run?.live.slot);
  }

  #enqueue(lane: Lane, job: StartJob): void {
    this.#unsettled.delete(lane);
    const ticket = this.#queue.ask(lane.session, () => {
      if (lane.now.state !== 'waiting') return;
      const release = (): void => this.#queue.leave(ticket);
      const { session, download, now } = lane;
      const live = this.#options.within(
        { session, download, url: now.job.url },
        () => new LiveRun(session, now.job, release, this.#options),
      );
      lane.now = { state: 'running', live };
      this.#hold(
        lane,
        live.gone.then((outcome) => this.#gone(lane, live, outcome)),
      );
    });
    lane.now = { state: 'waiting', job, ticket };
  }

  #leave(lane: Lane, live: LiveRun, after: After): void {
    lane.now = { state: 'leaving', after };
    live.leave();
  }

  #gone(lane: Lane, live: LiveRun, outcome: Outcome): void {
    const { outbox } = this.#options;
    if (lane.now.state === 'running') {
      this.#remember(lane, live.told ?? outcome);
      if (!live.told) outbox.event(lane.session, outcome, live.slot);
    } else if (lane.now.state === 'leaving') {
      this.#left(lane, live, outcome, lane.now.after);
    }
  }

  /** The run that was told to leave is gone. It may have landed its file all the same. */
  #left(lane: Lane, live: LiveRun, outcome: Outcome, after: After): void {
    const { outbox } = this.#options;
    const { output } = outcome;
    let known: Outcome | null = null;
    if (after.clean?.for === 'discard') after.clean.output = output;
    if (outcome.type === 'done') {
      // a discarded download leaves no file that its session never heard of; a newer attempt tells by itself
      if (after.clean?.for === 'discard') {
        if (!after.clean.keepFile) after.clean.files.push(outcome.file);
      } else if (outcome.attempt === lane.attempt) known = outcome;
    }
    if (known) outbox.event(lane.session, known, live.slot);
    for (const attempt of after.stops) this.#stopped(lane.session, lane.download, attempt, { live, output });
    after.stops = [];
    outbox.drop(live.slot);
    if (known && !after.clean) this.#remember(lane, known);
    else this.#goOn(lane, after);
  }

  /** The way is free: answer, clean up, begin what waited for it. */
  #goOn(lane: Lane, { stops, clean, next }: After): void {
    for (const attempt of stops) this.#stopped(lane.session, lane.download, attempt);
    if (clean) this.#clean(lane, clean, next);
    else if (next && !this.#closed) this.#enqueue(lane, next);
    else this.#forget(lane);
  }

  #clean(lane: Lane, clean: Clean, next: StartJob | null = null): void {
    const after: After = { stops: [], clean: null, next };
    this.#unsettled.delete(lane);
    lane.now = { state: 'leaving', after };
    this.#hold(
      lane,
      this.#remove(lane, clean).then(() => this.#goOn(lane, after)),
    );
  }

  async #remove({ session, download }: Lane, clean: Clean): Promise<void> {
    const { folder, outbox, log } = this.#options;
    try {
      if (clean.for === 'discard') {
        // before the work dir, whose journal is all that names a file of which nobody was told
        if (!clean.keepFile) await folder.undo(download);
        for (const file of clean.files) await folder.delete(file);
      }
      // without others nobody would take its work dir soon
      await folder.remove(download, this.#queue.serves(session) ? session : null);
    } catch (thrown) {
      // nobody could do better by asking again at once: what is left shows in the folder
      log('a download could not be removed', { download, thrown });
    }
    if (clean.for === 'settle') return;
    const discarded: RunnerEvent = { type: 'discarded', download, ...printed(clean.output) };
    for (let i = 0; i < clean.answers; i++) outbox.event(session, discarded);
  }

  #hold({ session }: Lane, work: Promise<unknown>): void {
    this.#busy.add(work);
    void work.finally(() => {
      this.#busy.delete(work);
      if (!this.#queue.serves(session)) this.#tidy(session);
    });
  }

  #tidy(session: string): void {
    const { folder, log } = this.#options;
    folder.tidy(session).catch((thrown: unknown) => {
      log('what was kept for the next download could not be removed', { session, thrown });
    });
  }
}

function addDiscard(known: Clean | null, clean: Extract<Clean, { for: 'discard' }>): Clean {
  if (known?.for !== 'discard') return clean;
  const files = [...known.files, ...clean.files];
  const keepFile = known.keepFile && clean.keepFile;
  return { ...known, answers: known.answers + clean.answers, files, keepFile };
}

function printed(output = ''): { output?: string } {
  return output === '' ? {} : { output };
}
