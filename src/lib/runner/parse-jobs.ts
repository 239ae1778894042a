/** The parse jobs of all sessions: a few at a time, fair between sessions, each with a deadline. */
import { SluiceError } from '../protocol/error.ts';
import type { EngineName } from '../protocol/media.ts';
import type { Registry } from '../annie/registry.ts';
import { startTimer, type RunnerClock } from './clock.ts';
import { FirstByteWait } from './first-byte-wait.ts';
import { FairQueue, type QueueTicket } from './fair-queue.ts';
import { ParseTimer } from './parse-timer.ts';
import { redactedView, toKnownError } from './failure.ts';
import { untilAborted } from '../protocol/until-aborted.ts';
import type { Log } from '../protocol/log.ts';
import type { EventOutbox } from './event-outbox.ts';
import type { Reachability } from './reachability.ts';
import type { RunInJob } from './run-in-job.ts';

export interface ParseJobsOptions {
  registry: Pick<Registry, 'parse'>;
  outbox: EventOutbox;
  reachability: Reachability;
  clock: RunnerClock;
  log: Log;
  maxParsing: number;
  /** ms from getting a slot to `timeout`. */
  timeoutMs: number;
  /** ms that servers may take to begin beside that, in all. */
  firstByteMs: number;
  /** ms after which an engine that ignores an abort loses its slot. */
  stuckMs: number;
  runInJob: RunInJob;
  holdLookUp: HoldLookUp;
}

/**
 * Counts a look-up of an owner.
 * @returns ends that; called when its engine has ended. @throws SluiceError `too_many_requests`
 */
export type HoldLookUp = (owner: string | undefined) => () => void;

export interface ParseJob {
  job: string;
  url: string;
  engine: EngineName | null;
  /** For the next page of a list. */
  cursor?: string;
  owner?: string;
}

interface RunningParse extends ParseJob {
  session: string;
  controller: AbortController;
  ticket: QueueTicket | null;
  releaseQuota: () => void;
}

/** For the connections to servers that are waited for, so that what the engine says of one comes first. */
const CONNECT_MS = 30_000;

export class ParseJobs {
  readonly #options: ParseJobsOptions;
  readonly #queue: FairQueue;
  readonly #bySession = new Map<string, Map<string, RunningParse>>();
  /** Includes cancelled parses that have not ended yet. */
  readonly #running = new Set<Promise<void>>();

  constructor(options: ParseJobsOptions) {
    this.#options = options;
    this.#queue = new FairQueue(options.maxParsing);
  }

  /** Idempotent by session and job. */
  start(session: string, job: ParseJob): void {
    const jobs = this.#bySession.get(session) ?? new Map<string, RunningParse>();
    if (jobs.has(job.job)) return;
    let releaseQuota: () => void;
    try {
      releaseQuota = this.#options.holdLookUp(job.owner);
    } catch (error) {
      return this.#refuse(session, job.job, error);
    }
    const parse = {
      ...job,
      session,
      controller: new AbortController(),
      ticket: null as QueueTicket | null,
      releaseQuota,
    };
    jobs.set(job.job, parse);
    this.#bySession.set(session, jobs);
    parse.ticket = this.#queue.enqueue(
      session,
      () => {
        const running = this.#options.runInJob({ session, download: null, url: job.url }, () =>
          this.#run(parse),
        );
        this.#running.add(running);
        void running.finally(() => this.#running.delete(running));
      },
      { owner: job.owner },
    );
  }

  /** No answer is sent. */
  cancel(session: string, job: string): void {
    const parse = this.#bySession.get(session)?.get(job);
    if (!parse) return;
    this.#forget(parse);
    if (parse.ticket?.state === 'waiting') this.#release(parse);
    parse.controller.abort(new SluiceError('timeout', 'Nobody waits for this any more.'));
  }

  cancelAll(session: string): void {
    for (const job of [...(this.#bySession.get(session)?.keys() ?? [])]) this.cancel(session, job);
  }

  has(session: string): boolean {
    return this.#bySession.has(session);
  }

  /** Aborts everything; resolves when it has ended (or has ignored the abort for `stuckMs`). */
  async close(): Promise<void> {
    for (const session of [...this.#bySession.keys()]) this.cancelAll(session);
    await Promise.all(this.#running);
  }

  async #run(parse: RunningParse): Promise<void> {
    const { registry, outbox, reachability } = this.#options;
    const { session, job, url, engine: requested, controller } = parse;
    const { signal } = controller;
    const limits = this.#startLimits(parse);
    const onItems: Parameters<Registry['parse']>[0]['onItems'] = (engine, items) => {
      if (this.#isWanted(parse)) outbox.send(session, { type: 'parse-items', job, engine, items });
    };
    // Async, so that an engine that throws synchronously rejects too.
    const parsed = (async () => {
      const away = reachability.refusal(session, url);
      if (away === null)
        return await registry.parse({
          url,
          engine: requested,
          cursor: parse.cursor ?? null,
          ...{ signal, onItems, onWaiting: limits.onWaiting },
        });
      reachability.probeSoon();
      throw away;
    })();
    const released = this.#releaseWhenEnded(parse, parsed);
    try {
      const result = await untilAborted(parsed, signal);
      if (this.#isWanted(parse)) outbox.send(session, { type: 'parse-done', job, result });
    } catch (thrown) {
      const error = toKnownError(reachability.explain(session, url, toKnownError(thrown)));
      if (error.code === 'internal_error') this.#options.log('a parse broke', { session, job, thrown });
      if (this.#isWanted(parse))
        outbox.send(session, { type: 'parse-failed', job, error: redactedView(error) });
    } finally {
      limits.stop();
      this.#forget(parse);
    }
    await released;
  }

  #startLimits(parse: RunningParse): { onWaiting: (isWaiting: boolean) => void; stop: () => void } {
    const { outbox, clock, timeoutMs, firstByteMs } = this.#options;
    const { session, job, controller } = parse;
    const limitsMs = { working: timeoutMs, waiting: firstByteMs + CONNECT_MS };
    const timer = new ParseTimer(clock, limitsMs, () => {
      const message = `Nothing was found within ${Math.round(timeoutMs / 1000)} s.`;
      controller.abort(new SluiceError('timeout', message));
    });
    const wait = new FirstByteWait({
      clock,
      onWaiting: (isWaiting) => timer.switchTo(isWaiting ? 'waiting' : 'working'),
      onLongWait: (isWaiting) => {
        if (this.#isWanted(parse)) outbox.send(session, { type: 'parse-waiting', job, isWaiting });
      },
    });
    return {
      onWaiting: (isWaiting) => wait.update(isWaiting),
      stop: () => {
        timer.stop();
        wait.stop();
      },
    };
  }

  /** Holds the slot until the engine ends, or has ignored its abort for `stuckMs`. */
  async #releaseWhenEnded(parse: RunningParse, parsed: Promise<unknown>): Promise<void> {
    const { clock, stuckMs } = this.#options;
    const { signal } = parse.controller;
    let stopTimer = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      const start = (): void => {
        stopTimer = startTimer(clock, stuckMs, resolve);
      };
      if (signal.aborted) start();
      else signal.addEventListener('abort', start, { once: true });
    });
    await Promise.race([parsed.catch(() => undefined), stuck]);
    stopTimer();
    this.#release(parse);
  }

  #release({ ticket, releaseQuota }: RunningParse): void {
    if (ticket) this.#queue.release(ticket);
    releaseQuota();
  }

  #refuse(session: string, job: string, error: unknown): void {
    this.#options.outbox.send(session, {
      type: 'parse-failed',
      job,
      error: redactedView(toKnownError(error)),
    });
  }

  #isWanted(parse: RunningParse): boolean {
    return this.#bySession.get(parse.session)?.get(parse.job) === parse;
  }

  #forget(parse: RunningParse): void {
    const jobs = this.#bySession.get(parse.session);
    if (jobs?.get(parse.job) !== parse) return;
    jobs.delete(parse.job);
    if (jobs.size === 0) this.#bySession.delete(parse.session);
  }
}
