import type { JobRef, MarkedFile, StartJob } from '../protocol/runner.ts';
import type { SlotTicket } from './gated-queue.ts';
import type { AttemptOutcome, ReportedAttempt } from './reported-attempt.ts';

/** What to do once the attempt has ended, or the work dir is removed. */
export interface NextSteps {
  /** Attempts whose `stop` is still to be answered. */
  stops: number[];
  cleanup: Cleanup | null;
  /** The attempt to start then. */
  next: StartJob | null;
  /** It has given way to others, and waits behind them then. */
  gaveWay?: boolean;
}

/**
 * Why a work dir is removed. A `discard` also deletes `files` and, unless `keepFile`, the file that was moved out of
 * the work dir; it is answered `replies` times, with the last output of the attempt ('' = none).
 */
export type Cleanup =
  | { for: 'settle' }
  | { for: 'discard'; replies: number; files: MarkedFile[]; keepFile: boolean; output: string };

/** `ending`: the attempt is being stopped, or the work dir removed. */
type JobState =
  | { name: 'idle' }
  | {
      name: 'waiting';
      request: StartJob;
      ticket: SlotTicket;
      /** Connections that its host allows, and for one of which it waits; null = it does not. */
      held: number | null;
      /** It has given its slot to another. */
      gaveWay: boolean;
    }
  | { name: 'running'; attempt: ReportedAttempt }
  | { name: 'ending'; pending: NextSteps }
  | { name: 'ended'; outcome: AttemptOutcome };

/** All that the runner knows of one download. It is also the lock on the work dir: one thing at a time happens there. */
export interface Job {
  readonly session: string;
  readonly download: string;
  /** The newest attempt asked for; 0 = none. */
  attempt: number;
  state: JobState;
}

export function mergeDiscards(known: Cleanup | null, added: Extract<Cleanup, { for: 'discard' }>): Cleanup {
  if (known?.for !== 'discard') return added;
  const files = [...known.files, ...added.files];
  const keepFile = known.keepFile && added.keepFile;
  return { ...known, replies: known.replies + added.replies, files, keepFile };
}

/** The attempt that runs, or will run without another command; null = none. */
export function activeAttempt({ state, download }: Job): JobRef | null {
  if (state.name === 'waiting') return { download, attempt: state.request.attempt };
  if (state.name === 'running') return { download, attempt: state.attempt.job.attempt };
  if (state.name === 'ending' && state.pending.next) return { download, attempt: state.pending.next.attempt };
  return null;
}

/** Jobs by download and by session. */
export class JobTable {
  readonly #all = new Map<string, Job>();
  readonly #bySession = new Map<string, Set<Job>>();

  get(download: string): Job | undefined {
    return this.#all.get(download);
  }

  of(session: string): Job[] {
    return [...(this.#bySession.get(session) ?? [])];
  }

  all(): Job[] {
    return [...this.#all.values()];
  }

  has(session: string): boolean {
    return this.#bySession.has(session);
  }

  /** The job of this download, created if missing; null when it belongs to another session. */
  open(session: string, download: string): Job | null {
    const known = this.#all.get(download);
    if (known) return known.session === session ? known : null;
    const job: Job = { session, download, attempt: 0, state: { name: 'idle' } };
    this.#all.set(download, job);
    const jobs = this.#bySession.get(session);
    if (jobs) jobs.add(job);
    else this.#bySession.set(session, new Set([job]));
    return job;
  }

  delete(job: Job): void {
    if (this.#all.get(job.download) === job) this.#all.delete(job.download);
    const jobs = this.#bySession.get(job.session);
    jobs?.delete(job);
    if (jobs?.size === 0) this.#bySession.delete(job.session);
  }
}
