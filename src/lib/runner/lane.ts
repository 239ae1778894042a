import type { JobRef, MarkedFile, StartJob } from '../protocol/runner.ts';
import type { Ticket } from './fair-queue.ts';
import type { LiveRun, Outcome } from './live-run.ts';

/** What happens once the run that is being ended, or the work dir that is being removed, is gone. */
export interface After {
  /** Attempts whose `stop` is to be answered. */
  stops: number[];
  clean: Clean | null;
  /** The attempt to begin then. */
  next: StartJob | null;
}

/**
 * `discard` is answered, once for each; its files are deleted, and unless `keepFile` what landed from the work dir.
 * `output`: the last words of what ran, '' = none.
 */
export type Clean =
  | { for: 'settle' }
  | { for: 'discard'; answers: number; files: MarkedFile[]; keepFile: boolean; output: string };

export type LaneState =
  | { state: 'idle' }
  | { state: 'waiting'; job: StartJob; ticket: Ticket }
  | { state: 'running'; live: LiveRun }
  | { state: 'leaving'; after: After }
  | { state: 'ended'; outcome: Outcome };

/** All that the runner knows of one download: whatever is asked, one thing at a time happens in its work dir. */
export interface Lane {
  readonly session: string;
  readonly download: string;
  /** The newest attempt asked for; 0 = none. */
  attempt: number;
  now: LaneState;
}

/** What of this lane counts as running for a session that compares: what runs, waits for a place or for its turn. */
export function heldJob(lane: Lane): JobRef | null {
  const { now, download } = lane;
  if (now.state === 'waiting') return { download, attempt: now.job.attempt };
  if (now.state === 'running') return { download, attempt: now.live.job.attempt };
  if (now.state === 'leaving' && now.after.next) return { download, attempt: now.after.next.attempt };
  return null;
}

/** The lanes, by download and by session. */
export class Lanes {
  readonly #all = new Map<string, Lane>();
  readonly #bySession = new Map<string, Set<Lane>>();

  get(download: string): Lane | undefined {
    return this.#all.get(download);
  }

  of(session: string): Lane[] {
    return [...(this.#bySession.get(session) ?? [])];
  }

  all(): Lane[] {
    return [...this.#all.values()];
  }

  /** Whether this session has any. */
  has(session: string): boolean {
    return this.#bySession.has(session);
  }

  /** The lane of this download, made if there is none; null when it is another session's. */
  claim(session: string, download: string): Lane | null {
    const known = this.#all.get(download);
    if (known) return known.session === session ? known : null;
    const lane: Lane = { session, download, attempt: 0, now: { state: 'idle' } };
    this.#all.set(download, lane);
    const mine = this.#bySession.get(session);
    if (mine) mine.add(lane);
    else this.#bySession.set(session, new Set([lane]));
    return lane;
  }

  drop(lane: Lane): void {
    if (this.#all.get(lane.download) === lane) this.#all.delete(lane.download);
    const mine = this.#bySession.get(lane.session);
    mine?.delete(lane);
    if (mine?.size === 0) this.#bySession.delete(lane.session);
  }
}
