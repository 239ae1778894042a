/**
 * The downloads of one session: stored rows, the actors of those that have a place, the queue between the two,
 * and what the runner says of them. Called inside turns only; `settle` ends each turn.
 */
import type { Action, AddBody } from '../../protocol/command.ts';
import {
  DOWNLOAD_STATES,
  type DownloadState,
  type DownloadView,
  isFinal,
  type Totals,
} from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';
import { retryDelayMs } from '../download/retry.ts';
import { type DownloadRow, newRow } from '../download/row.ts';
import { viewOf } from '../download/view.ts';
import type { DurableStorage } from '../durable/types.ts';
import { encodeCursor } from './cursor.ts';
import type { Deadlines } from './deadlines.ts';
import type { SessionEnv } from './env.ts';
import type { Feed } from './feed.ts';
import { Removals } from './removals.ts';
import { RestartIntensity, repairedRow } from './restarts.ts';
import { SessionStore } from './store.ts';
import { type Child, Supervisor } from './supervisor.ts';
import { totalsOf } from './totals.ts';

/** Downloads of a session that may be unfinished at once; more adds get `too_many_requests`. */
export const MAX_OPEN = 25_000;
/** Progress is stored at most this often: after a crash the file on disk knows better anyway. */
const CHECKPOINT_MS = 5_000;
const LEASE_MS = 30_000;

export type JobEvent = Extract<RunnerEvent, { download: string }> | Extract<RunnerEvent, { type: 'jobs' }>;

export class Downloads {
  readonly #env: SessionEnv;
  readonly #store: SessionStore;
  readonly #deadlines: Deadlines;
  readonly #feed: Feed;
  readonly #tell: (command: RunnerCommand) => void;
  readonly #supervisor: Supervisor;
  readonly #removals: Removals;
  readonly #crashes = new RestartIntensity();
  /** Children that got an event in this turn. */
  readonly #touched = new Set<string>();
  /** Storage work that effects of this turn asked for. */
  #pending: (() => Promise<void>)[] = [];
  #leased = false;

  constructor(
    storage: DurableStorage,
    env: SessionEnv,
    deadlines: Deadlines,
    feed: Feed,
    tell: (command: RunnerCommand) => void,
    onTick: () => void,
  ) {
    this.#env = env;
    this.#store = new SessionStore(storage);
    this.#deadlines = deadlines;
    this.#feed = feed;
    this.#tell = tell;
    this.#removals = new Removals(storage, tell);
    this.#supervisor = new Supervisor(
      {
        askRunner: (row) => tell(startOf(row)),
        stopRunner: ({ id, attempt }) => tell({ type: 'stop', download: id, attempt }),
        settleRunner: ({ id }) => tell({ type: 'settle', download: id }),
        discardBytes: ({ id }) =>
          this.#pending.push(async () => {
            await this.#removals.begin(id, null);
          }),
        setDeadline: ({ id, dueAt }) => {
          if (dueAt !== null) this.#pending.push(() => this.#deadlines.set(`retry:${id}`, dueAt));
        },
        tick: onTick,
        childCrashed: (id, row) => this.#pending.push(() => this.#repair(id, row)),
      },
      env.clock,
      env.throttleMs,
    );
  }

  /** Something of this session is being worked on: the actor has to stay. */
  get busy(): boolean {
    return this.#supervisor.children.size > 0 || this.#removals.busy;
  }

  get totals(): Totals {
    let bytesPerSecond = 0;
    for (const { snapshot } of this.#supervisor.children.values()) {
      bytesPerSecond += snapshot.context.speed?.bytesPerSecond ?? 0;
    }
    return totalsOf(this.#store.counts, bytesPerSecond);
  }

  /** After a start or an eviction: what was being worked on is asked for again. */
  async wake(): Promise<void> {
    const now = this.#env.clock.now();
    await this.#store.load(now);
    const interrupted: DownloadRow[] = [];
    for (const state of ['finish', 'download', 'parse'] as const) {
      if (this.#store.counts[state] === 0) continue;
      const ids = await this.#store.oldest(state, this.#store.counts[state]);
      interrupted.push(...(await this.#store.rowsOf(ids)));
    }
    this.#tell({ type: 'want', jobs: interrupted.map(({ id, attempt }) => ({ download: id, attempt })) });
    for (const row of interrupted) this.#run(this.#supervisor.revive(row, now), 'wake');
    await this.#removals.wake();
  }

  /**
   * @returns the new download's id
   * @throws SluiceError what `checkUrl` throws, and `too_many_requests`
   */
  async add(body: AddBody, cause: string): Promise<string> {
    const url = this.#env.checkUrl(body.url);
    const { active, queued } = this.totals;
    if (active + queued >= MAX_OPEN) {
      throw new SluiceError(
        'too_many_requests',
        `${MAX_OPEN} downloads of this session are waiting already.`,
      );
    }
    const row = newRow(
      this.#env.newId(),
      this.#store.takeN(),
      { ...body, url },
      this.#env.clock.now(),
      cause,
    );
    await this.#store.save(row, null);
    this.#feed.note(viewOf(row));
    this.#feed.forget(row.id);
    return row.id;
  }

  /** @throws SluiceError `not_found`, `wrong_state` */
  async act(action: Action, id: string, cause: string): Promise<DownloadView> {
    const child = await this.#child(id);
    const event = { type: action, at: this.#env.clock.now(), cause } as const;
    if (!child.can(event)) {
      const { state } = child.row;
      this.#touched.add(id);
      throw new SluiceError('wrong_state', `A download in state ${state} cannot be told to ${action}.`);
    }
    this.#send(id, child, event);
    // A new attempt wants the bytes that a discard still on its way would take.
    if (action === 'retry') await this.#removals.forget(id);
    return this.#view(child);
  }

  /**
   * @returns when nothing of it runs any more and its bytes are gone
   * @throws SluiceError `not_found`
   */
  async remove(id: string, file: 'keep' | 'delete'): Promise<{ gone: Promise<void> }> {
    const row = this.#supervisor.children.get(id)?.row ?? (await this.#store.get(id));
    if (!row) throw new SluiceError('not_found', 'There is no download of that id in this session.');
    const saved = this.#supervisor.children.get(id)?.saved ?? row;
    this.#supervisor.stop(id);
    await this.#store.remove(saved);
    this.#feed.remove(id);
    return this.#removals.begin(id, file === 'delete' ? (row.file?.name ?? null) : null);
  }

  /** @throws SluiceError `not_found` */
  async show(id: string): Promise<DownloadView> {
    const child = this.#supervisor.children.get(id);
    if (child) return this.#view(child);
    const row = await this.#store.get(id);
    if (!row) throw new SluiceError('not_found', 'There is no download of that id in this session.');
    return viewOf(row);
  }

  /** Newest first. @param beforeN only older ones */
  async list(
    states: readonly DownloadState[],
    limit: number,
    beforeN: number | null,
  ): Promise<{ downloads: DownloadView[]; next: string | null }> {
    const { rows, nextN } = await this.#store.page(states, limit, beforeN);
    return {
      downloads: rows.map((row) => this.#current(row)),
      next: nextN === null ? null : encodeCursor(nextN),
    };
  }

  /** The newest rows and all that have a place, as far as they fit. @param maxBytes of JSON */
  async newest(maxBytes: number): Promise<{ downloads: DownloadView[]; next: string | null }> {
    const { rows, nextN } = await this.#store.page(DOWNLOAD_STATES, 100, null);
    const working = [...this.#supervisor.children.values()].map(({ row }) => row);
    const byAge = [...new Map([...rows, ...working].map((row) => [row.id, row])).values()].sort(
      (a, b) => b.n - a.n,
    );
    const downloads: DownloadView[] = [];
    const encoder = new TextEncoder();
    let left = maxBytes;
    let next = nextN;
    for (const row of byAge) {
      const view = this.#current(row);
      left -= encoder.encode(JSON.stringify(view)).length + 1;
      if (left < 0) {
        // Nothing is skipped: paging goes on below the last row that fitted.
        next = row.n + 1;
        break;
      }
      downloads.push(view);
    }
    return { downloads, next: next === null ? null : encodeCursor(next) };
  }

  async hear(event: JobEvent): Promise<void> {
    if (event.type === 'jobs') return this.#compare(event.jobs);
    if (event.type === 'discarded') return this.#removals.done(event.download);
    const child = this.#supervisor.children.get(event.download);
    if (!child) return this.#hearStray(event);
    if (event.attempt !== child.row.attempt) return;
    const at = this.#env.clock.now();
    const cause = `runner:${event.type}`;
    switch (event.type) {
      case 'phase':
        return this.#send(event.download, child, { ...event, at, cause });
      case 'sample':
        this.stir();
        if (child.throttled) child.newest = event.sample;
        else this.#send(event.download, child, { type: 'sample', sample: event.sample, at, cause });
        return;
      case 'done':
        await this.#store.keepOutput(event.download, event.output);
        return this.#send(event.download, child, { type: 'done', file: event.file, at, cause });
      case 'failed': {
        const { error, output } = event;
        const dueAt = at + retryDelayMs(child.row.failures, error.retryAfterMs, this.#env.random());
        await this.#store.keepOutput(event.download, output);
        return this.#send(event.download, child, { type: 'failed', error, dueAt, at, cause });
      }
      case 'stopped':
        return;
    }
  }

  /** A deadline's time has come. */
  async due(name: string): Promise<void> {
    if (name === 'lease') {
      this.#leased = false;
      const jobs = [...this.#supervisor.children.values()].map(({ row }) => ({
        download: row.id,
        attempt: row.attempt,
      }));
      if (jobs.length > 0) this.#tell({ type: 'want', jobs });
      return;
    }
    const id = name.slice(name.indexOf(':') + 1);
    const row = await this.#store.get(id);
    const now = this.#env.clock.now();
    if (row?.state !== 'waiting' || (row.dueAt ?? 0) > now) return;
    this.#send(id, this.#supervisor.revive(row, now), { type: 'due', at: now, cause: 'alarm' });
  }

  /** Opens the throttle window, or keeps it open. */
  stir(): void {
    this.#supervisor.stir();
  }

  /** The throttle window ended: each child gets the newest of its samples. */
  tick(): void {
    const at = this.#env.clock.now();
    let moving = false;
    for (const [id, child] of this.#supervisor.children) {
      if (!child.throttled) continue;
      const sample = child.newest;
      child.newest = null;
      this.#send(id, child, { type: 'tick', sample, at, cause: 'tick' });
      moving ||= sample !== null;
    }
    if (!moving) this.#supervisor.rest();
  }

  /** Ends a turn: stores what changed, notes it for readers, lets go of who stands still, fills free places. */
  async settle(): Promise<void> {
    do {
      await this.#settleTouched();
      await this.#fillPlaces();
    } while (this.#touched.size > 0 || this.#pending.length > 0);
    if (this.#supervisor.children.size > 0 && !this.#leased) {
      // Should this actor die, its alarm brings it back wherever it lives then.
      this.#leased = true;
      await this.#deadlines.set('lease', this.#env.clock.now() + LEASE_MS);
    }
  }

  async #settleTouched(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (const work of pending) await work();
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const id of touched) {
      const child = this.#supervisor.children.get(id);
      if (!child) continue;
      await this.#save(child);
      this.#feed.note(this.#view(child));
      if (child.hasPlace) continue;
      this.#supervisor.stop(id);
      this.#feed.forget(id);
    }
  }

  async #save(child: Child): Promise<void> {
    const { row, saved } = child;
    if (row === saved) return;
    const now = this.#env.clock.now();
    if (progressOnly(saved, row) && now - child.savedAt < CHECKPOINT_MS) return;
    await this.#store.save(row, saved.state);
    child.saved = row;
    child.savedAt = now;
  }

  async #fillPlaces(): Promise<void> {
    const { children } = this.#supervisor;
    const free = this.#env.maxActive - children.size;
    if (free <= 0 || this.#store.counts.queued === 0) return;
    // Those that were asked for already are still `queued` in storage, and among the oldest.
    const ids = await this.#store.oldest('queued', free + children.size);
    const next = ids.filter((id) => !children.has(id)).slice(0, free);
    for (const row of await this.#store.rowsOf(next)) {
      this.#run(this.#supervisor.revive(row, this.#env.clock.now()), 'place');
    }
  }

  #run(child: Child, cause: string): void {
    this.#send(child.row.id, child, { type: 'run', at: this.#env.clock.now(), cause });
  }

  #send(id: string, child: Child, event: Parameters<Child['send']>[0]): void {
    this.#touched.add(id);
    child.send(event);
  }

  /** @throws SluiceError `not_found` */
  async #child(id: string): Promise<Child> {
    const living = this.#supervisor.children.get(id);
    if (living) return living;
    const row = await this.#store.get(id);
    if (!row) throw new SluiceError('not_found', 'There is no download of that id in this session.');
    return this.#supervisor.revive(row, this.#env.clock.now());
  }

  /** The runner ended a job that has no actor here: it was paused, cancelled or removed meanwhile. */
  async #hearStray(event: Exclude<JobEvent, { type: 'jobs' | 'discarded' }>): Promise<void> {
    if (event.type !== 'done') return;
    const row = await this.#store.get(event.download);
    if (!row || row.state === 'cancelled') {
      await this.#removals.begin(event.download, event.file.name);
      return;
    }
    if (isFinal(row.state) || row.attempt !== event.attempt) return;
    const now = this.#env.clock.now();
    const child = this.#supervisor.revive(row, now);
    this.#send(row.id, child, { type: 'done', file: event.file, at: now, cause: 'runner:done' });
  }

  /** The runner's own list: what it lacks is asked for again (`start` is idempotent). */
  #compare(jobs: { download: string; attempt: number }[]): void {
    const running = new Set(jobs.map(({ download, attempt }) => `${download}/${attempt}`));
    for (const { row, hasPlace } of this.#supervisor.children.values()) {
      if (hasPlace && !running.has(`${row.id}/${row.attempt}`)) this.#tell(startOf(row));
    }
  }

  /** A download's actor threw: it waits and is started anew, or is given up when that keeps happening. */
  async #repair(id: string, row: DownloadRow): Promise<void> {
    const now = this.#env.clock.now();
    const again = this.#crashes.note(id, now);
    const repaired = repairedRow(
      row,
      now,
      again === null ? null : now + retryDelayMs(again, null, this.#env.random()),
    );
    this.#tell({ type: 'stop', download: id, attempt: row.attempt });
    await this.#store.save(repaired, row.state);
    if (repaired.dueAt !== null) await this.#deadlines.set(`retry:${id}`, repaired.dueAt);
    this.#feed.note(viewOf(repaired));
    this.#feed.forget(id);
  }

  #current(row: DownloadRow): DownloadView {
    const child = this.#supervisor.children.get(row.id);
    return child ? this.#view(child) : viewOf(row);
  }

  #view({ row, snapshot }: Child): DownloadView {
    return viewOf(row, snapshot.context.speed);
  }
}

function startOf(row: DownloadRow): RunnerCommand {
  const { id, attempt, url, streamId, wantedEngine, wantedName } = row;
  return { type: 'start', download: id, attempt, url, streamId, engine: wantedEngine, filename: wantedName };
}

function progressOnly(a: DownloadRow, b: DownloadRow): boolean {
  return (
    a.state === b.state &&
    a.attempt === b.attempt &&
    a.title === b.title &&
    a.engine === b.engine &&
    a.error === b.error &&
    a.file === b.file
  );
}
