/** Parses asked for by sessions: a few at a time, fair between sessions, each with a deadline. */
import { SluiceError } from '../protocol/error.ts';
import type { EngineName } from '../protocol/media.ts';
import type { Registry } from '../annie/registry.ts';
import { startTimer, type Clock } from './clock.ts';
import { FairQueue, type Ticket } from './fair-queue.ts';
import { known, untilAborted } from './failure.ts';
import type { Log } from '../protocol/log.ts';
import type { Outbox } from './outbox.ts';
import type { WithinJob } from './within-job.ts';

export interface ParseJobsOptions {
  registry: Pick<Registry, 'parse'>;
  outbox: Outbox;
  clock: Clock;
  log: Log;
  maxParsing: number;
  /** ms from its place in the queue to `timeout`. */
  timeoutMs: number;
  /** ms after which an engine that ignores an abort no longer holds a place. */
  stuckMs: number;
  within: WithinJob;
}

export interface ParseJob {
  job: string;
  url: string;
  engine: EngineName | null;
}

interface Parsing extends ParseJob {
  session: string;
  controller: AbortController;
  ticket: Ticket | null;
}

export class ParseJobs {
  readonly #options: ParseJobsOptions;
  readonly #queue: FairQueue;
  readonly #bySession = new Map<string, Map<string, Parsing>>();
  /** Also those that were abandoned and are not gone yet. */
  readonly #running = new Set<Promise<void>>();

  constructor(options: ParseJobsOptions) {
    this.#options = options;
    this.#queue = new FairQueue(options.maxParsing);
  }

  /** Asking twice for one job is asking once. */
  start(session: string, job: ParseJob): void {
    const mine = this.#bySession.get(session) ?? new Map<string, Parsing>();
    if (mine.has(job.job)) return;
    const parsing: Parsing = { ...job, session, controller: new AbortController(), ticket: null };
    mine.set(job.job, parsing);
    this.#bySession.set(session, mine);
    parsing.ticket = this.#queue.ask(session, () => {
      const running = this.#options.within({ session, download: null, url: job.url }, () =>
        this.#run(parsing),
      );
      this.#running.add(running);
      void running.finally(() => this.#running.delete(running));
    });
  }

  /** Nobody waits for the answer any more: none is given. */
  abandon(session: string, job: string): void {
    const parsing = this.#bySession.get(session)?.get(job);
    if (!parsing) return;
    this.#forget(parsing);
    if (parsing.ticket?.state === 'waiting') this.#queue.leave(parsing.ticket);
    parsing.controller.abort(new SluiceError('timeout', 'Nobody waits for this any more.'));
  }

  abandonAll(session: string): void {
    for (const job of [...(this.#bySession.get(session)?.keys() ?? [])]) this.abandon(session, job);
  }

  has(session: string): boolean {
    return this.#bySession.has(session);
  }

  /** Aborts everything; resolves when it is gone (or has ignored the abort for `stuckMs`). */
  async close(): Promise<void> {
    for (const session of [...this.#bySession.keys()]) this.abandonAll(session);
    await Promise.all(this.#running);
  }

  async #run(parsing: Parsing): Promise<void> {
    const { registry, outbox, clock, timeoutMs } = this.#options;
    const { session, job, url, engine: requested, controller } = parsing;
    const { signal } = controller;
    const stopTimer = startTimer(clock, timeoutMs, () => {
      controller.abort(
        new SluiceError('timeout', `Nothing was found within ${Math.round(timeoutMs / 1000)} s.`),
      );
    });
    const onItems: Parameters<Registry['parse']>[0]['onItems'] = (engine, items) => {
      if (this.#waitsFor(parsing)) outbox.event(session, { type: 'parse-items', job, engine, items });
    };
    // async, so that an engine that throws on the spot rejects like any other
    const parsed = (async () => await registry.parse({ url, engine: requested, signal, onItems }))();
    const released = this.#releaseWhenGone(parsing, parsed);
    try {
      const result = await untilAborted(parsed, signal);
      if (this.#waitsFor(parsing)) outbox.event(session, { type: 'parse-done', job, result });
    } catch (thrown) {
      const error = known(thrown);
      if (error.code === 'internal_error') this.#options.log('a parse broke', { session, job, thrown });
      if (this.#waitsFor(parsing)) outbox.event(session, { type: 'parse-failed', job, error: error.view });
    } finally {
      stopTimer();
      this.#forget(parsing);
    }
    await released;
  }

  /** The place is held as long as the engine works; one that never ends is not waited for. */
  async #releaseWhenGone(
    { ticket, controller: { signal } }: Parsing,
    parsed: Promise<unknown>,
  ): Promise<void> {
    const { clock, stuckMs } = this.#options;
    let stopTimer = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      const arm = (): void => {
        stopTimer = startTimer(clock, stuckMs, resolve);
      };
      if (signal.aborted) arm();
      else signal.addEventListener('abort', arm, { once: true });
    });
    await Promise.race([parsed.catch(() => undefined), stuck]);
    stopTimer();
    if (ticket) this.#queue.leave(ticket);
  }

  #waitsFor(parsing: Parsing): boolean {
    return this.#bySession.get(parsing.session)?.get(parsing.job) === parsing;
  }

  #forget(parsing: Parsing): void {
    const jobs = this.#bySession.get(parsing.session);
    if (jobs?.get(parsing.job) !== parsing) return;
    jobs.delete(parsing.job);
    if (jobs.size === 0) this.#bySession.delete(parsing.session);
  }
}
