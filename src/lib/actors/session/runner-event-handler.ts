/** Runner events about downloads, turned into events of their machines. */
import { isFinal } from '../../protocol/download.ts';
import type { RunnerEvent } from '../../protocol/runner.ts';
import { finalWhenAwayTooLong } from '../download/away.ts';
import { waitMs } from '../download/retry.ts';
import type { LiveDownloads, SessionParts } from './live-downloads.ts';
import type { SupervisedDownload } from './supervisor.ts';

export type JobEvent = Exclude<RunnerEvent, { job: string }>;
type AttemptEvent = Exclude<
  JobEvent,
  { type: 'jobs' | 'discarded' | 'not-discarded' | 'found' | 'reachable' }
>;

export class RunnerEventHandler {
  readonly #parts: SessionParts;
  readonly #live: LiveDownloads;

  constructor(parts: SessionParts, live: LiveDownloads) {
    this.#parts = parts;
    this.#live = live;
  }

  handle(event: JobEvent): void {
    if (event.type === 'reachable') return this.#live.network.reachable(event.host);
    if (event.type === 'jobs') return this.#live.compare(event.jobs);
    if (event.type === 'stopped') this.#keepOutput(event);
    if (event.type === 'discarded' || event.type === 'not-discarded') return this.#discarded(event);
    if (event.type === 'found') return this.#compareWorkDirs(event.downloads);
    const child = this.#live.find(event.download);
    if (!child) return this.#handleStray(event);
    // A late event of an older attempt.
    if (event.attempt !== child.row.attempt) return;
    return this.#forward(child, event);
  }

  #discarded(event: Extract<JobEvent, { type: 'discarded' | 'not-discarded' }>): void {
    const { removals } = this.#parts;
    this.#keepOutput(event);
    if (event.type === 'discarded') removals.done(event.download);
    else removals.postpone(event.download);
  }

  /** Stored for paused and cancelled downloads too, but not for removed ones. */
  #keepOutput({ download, output = '' }: { download: string; output?: string }): void {
    const { store } = this.#parts;
    const isKnown = this.#live.find(download) !== undefined || store.get(download) !== null;
    if (isKnown) store.keepOutput(download, output);
  }

  /**
   * Removes work dirs that a crash left and that complete and cancelled downloads no longer need. An unknown download was
   * lost from the store, as a removed one leaves an intent: its bytes are set aside.
   */
  #compareWorkDirs(downloads: string[]): void {
    const { store, removals, send } = this.#parts;
    const rows = new Map(store.rowsOf(downloads).map((row) => [row.id, row]));
    for (const download of downloads) {
      // A pending removal may also delete a file.
      if (this.#live.find(download) || removals.has(download)) continue;
      const state = rows.get(download)?.state;
      if (state === 'complete') send({ type: 'settle', download });
      else if (state === 'cancelled') void removals.begin(download, null);
      else if (state === undefined) send({ type: 'set-aside', download });
    }
  }

  #forward(child: SupervisedDownload, event: AttemptEvent): void {
    const { env, store } = this.#parts;
    const at = env.clock.now();
    const cause = `runner:${event.type}`;
    switch (event.type) {
      case 'phase':
        this.#live.network.attemptBegan();
        // Publish the newest sample first: hashing in `finish` takes seconds, without further samples.
        if (child.newest) this.#live.send(child, { type: 'tick', sample: child.newest, at, cause });
        child.newest = null;
        return this.#live.send(child, { ...event, at, cause });
      case 'sample':
        this.#live.openThrottle();
        if (child.throttled) child.newest = event.sample;
        else this.#live.send(child, { type: 'sample', sample: event.sample, at, cause });
        return;
      case 'limited':
        child.newest = null;
        return this.#live.send(child, { type: 'limited', connections: event.connections, at, cause });
      case 'slow':
        return this.#live.send(child, { type: 'slow', isSlow: event.isSlow, at, cause });
      case 'gave-way':
        child.newest = null;
        return this.#live.send(child, { type: 'giveWay', at, cause });
      case 'landed':
        return this.#live.send(child, { type: 'landed', at, cause });
      case 'done':
        store.keepOutput(event.download, event.output);
        return this.#live.send(child, { type: 'done', file: event.file, at, cause });
      case 'failed': {
        const { output } = event;
        const error = finalWhenAwayTooLong(event.error, child.row, at);
        const dueAt = at + waitMs(error, child.row.failures, store.counts.waiting, env.random());
        store.keepOutput(event.download, output);
        // A host alone holds nobody else.
        if (error.code === 'network_down' || error.code === 'network_login')
          this.#live.network.networkDown(error, child.row.url, dueAt);
        return this.#live.send(child, { type: 'failed', error, dueAt, at, cause });
      }
      case 'stopped':
        return;
    }
  }

  /** The runner ended a job that has no actor here: it was paused, cancelled or removed meanwhile. */
  #handleStray(event: AttemptEvent): void {
    if (event.type !== 'done') return;
    const row = this.#parts.store.get(event.download);
    if (!row || row.state === 'cancelled') {
      void this.#parts.removals.begin(event.download, event.file);
    } else if (!isFinal(row.state) && row.attempt === event.attempt) {
      this.#forward(this.#live.revive(row), event);
    }
  }
}
