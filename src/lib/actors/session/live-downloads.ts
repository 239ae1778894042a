/**
 * The downloads of a session that have a slot, with their actors and rows: which of them an event
 * changed, what has to be stored and sent, and which gets the next free slot. Called inside turns only.
 */
import type { DownloadView, Totals } from '../../protocol/download.ts';
import type { JobRef, RunnerCommand } from '../../protocol/runner.ts';
import type { DownloadEvent } from '../download/events.ts';
import { retryDelayMs } from '../download/retry.ts';
import { isOnlyProgress } from '../download/row-changes.ts';
import type { DownloadRow } from '../download/row.ts';
import { viewOf } from '../download/view.ts';
import type { DurableKv } from '../durable/types.ts';
import type { Deadlines } from './deadlines.ts';
import type { SessionEnv } from './env.ts';
import type { Feed } from './feed.ts';
import { freeSlots, fullHosts } from './host-waits.ts';
import { NetworkHold } from './network-hold.ts';
import type { Removals } from './removals.ts';
import { repairedRow } from './restarts.ts';
import { runnerLimits } from '../../protocol/person-limits.ts';
import type { SessionStore } from './store.ts';
import { type SupervisedDownload, Supervisor } from './supervisor.ts';
import { totalsOf } from './totals.ts';
import { Visits } from './visits.ts';

/**
 * Progress is stored at most this often: after a crash the size of the file on disk counts. All downloads are stored at
 * once, as commits are expensive: stored one by one, they took an eighth of the CPU of 200 downloads in 20 sessions.
 */
const CHECKPOINT_MS = 5_000;
/** Downloads that one turn stores for a checkpoint; the next turn continues. */
const CHECKPOINT_ROWS = 30;
/** How often a session with work renews its lease; after a crash this alarm wakes it. */
const RENEW_LEASE_MS = 30_000;
/** Children of a session that has nothing to supervise. */
const NO_CHILDREN: ReadonlyMap<string, SupervisedDownload> = new Map();

/** What the parts of a session share. */
export interface SessionParts {
  /** The session's id. */
  session: string;
  env: SessionEnv;
  kv: DurableKv;
  store: SessionStore;
  deadlines: Deadlines;
  feed: Feed;
  removals: Removals;
  /** Sends to the runner after the commit of this turn. */
  send: (command: RunnerCommand) => void;
}

export class LiveDownloads {
  readonly network: NetworkHold;
  readonly visits: Visits;
  readonly #parts: SessionParts;
  readonly #onTick: () => void;
  /** Created when the first download gets its slot: most open sessions have nothing to supervise. */
  #supervisor: Supervisor | null = null;
  /** Children that got an event in this turn. */
  readonly #touched = new Set<string>();
  /** Storage work requested by effects of this turn. */
  #pending: (() => void)[] = [];
  #isRenewalSet = false;
  /** When progress was last stored, ms since 1970. */
  #checkpointAt: number;
  /** Ids that the current checkpoint has not stored yet. */
  #unstored: string[] = [];

  /** @param onTick called when the throttle interval ends: the caller opens a turn and calls `tick` in it */
  constructor(parts: SessionParts, onTick: () => void) {
    this.#parts = parts;
    this.#onTick = onTick;
    const { kv, store, deadlines, env } = parts;
    this.visits = new Visits(parts.kv, parts.deadlines, () => parts.env.clock.now());
    this.network = new NetworkHold({
      kv,
      store,
      deadlines,
      now: () => env.clock.now(),
      release: (row) =>
        this.send(this.revive(row), { type: 'due', at: env.clock.now(), cause: 'runner:reachable' }),
    });
    this.#checkpointAt = parts.env.clock.now();
  }

  get #children(): ReadonlyMap<string, SupervisedDownload> {
    return this.#supervisor?.children ?? NO_CHILDREN;
  }

  #supervise(): Supervisor {
    const { session, send, removals, deadlines, env, store } = this.#parts;
    this.#supervisor ??= new Supervisor(
      {
        askRunner: (row) => send(startOf(row, store)),
        stopRunner: ({ id, attempt }) => send({ type: 'stop', download: id, attempt }),
        settleRunner: ({ id }) => send({ type: 'settle', download: id }),
        discardBytes: ({ id }) => void this.#pending.push(() => void removals.begin(id, null)),
        setDeadline: ({ id, dueAt }) => {
          if (dueAt !== null) this.#pending.push(() => deadlines.set(`retry:${id}`, dueAt));
        },
        tick: this.#onTick,
      },
      (row) => void this.#pending.push(() => this.#repair(row)),
      env.clock,
      env.throttleMs,
      (root) => env.machinesStarted?.(session, root),
    );
    return this.#supervisor;
  }

  get size(): number {
    return this.#children.size;
  }

  get jobs(): JobRef[] {
    return [...this.#children.values()].map(({ row }) => ({
      download: row.id,
      attempt: row.attempt,
    }));
  }

  get rows(): DownloadRow[] {
    return [...this.#children.values()].map(({ row }) => row);
  }

  get totals(): Totals {
    let bytesPerSecond = 0;
    for (const { snapshot } of this.#children.values()) {
      bytesPerSecond += snapshot.context.speed?.bytesPerSecond ?? 0;
    }
    const totals = totalsOf(this.#parts.store.counts, bytesPerSecond);
    const network = this.network.shown;
    const visit = this.visits.shown;
    if (network === null && visit === null) return totals;
    return { ...totals, ...(network === null ? {} : { network }), ...(visit === null ? {} : { visit }) };
  }

  find(id: string): SupervisedDownload | undefined {
    return this.#children.get(id);
  }

  /** Finds the actor of a row, or creates it. Unless it gets a slot, it is stopped when the turn ends. */
  revive(row: DownloadRow): SupervisedDownload {
    this.#touched.add(row.id);
    return this.#supervise().revive(row);
  }

  drop(id: string): void {
    this.#supervisor?.stop(id);
  }

  send(child: SupervisedDownload, event: DownloadEvent): void {
    this.#touched.add(child.row.id);
    child.send(event);
  }

  /** Gives a child its slot: the runner gets a job for it. */
  run(child: SupervisedDownload, cause: string): void {
    this.send(child, { type: 'run', at: this.#parts.env.clock.now(), cause });
  }

  /** Starts each job again that the runner's list lacks: `start` is idempotent. */
  compare(running: JobRef[]): void {
    const known = new Set(running.map(({ download, attempt }) => `${download}/${attempt}`));
    for (const { row, hasJob } of this.#children.values()) {
      if (hasJob && !known.has(`${row.id}/${row.attempt}`)) this.#parts.send(startOf(row, this.#parts.store));
    }
  }

  /** The deadline `lease` is due: renews the lease, and sets the next one at the end of this turn. */
  leaseDue(): void {
    this.#isRenewalSet = false;
    if (this.size > 0) this.#parts.send({ type: 'want', jobs: this.jobs });
  }

  /** Opens the throttle interval, or keeps it open. */
  openThrottle(): void {
    this.#supervise().openThrottle();
  }

  /** At the end of an activation: stops the actors and their timer. */
  end(): void {
    this.#supervisor?.end();
  }

  /** The throttle interval ended: each child gets the newest of its samples. */
  tick(): void {
    const at = this.#parts.env.clock.now();
    let moving = false;
    for (const child of this.#children.values()) {
      if (!child.throttled) continue;
      const sample = child.newest;
      child.newest = null;
      this.send(child, { type: 'tick', sample, at, cause: 'tick' });
      moving ||= sample !== null;
    }
    if (!moving) this.#supervisor?.closeThrottle();
  }

  view({ row, snapshot, isSaving, hasGivenWay }: SupervisedDownload): DownloadView {
    return viewOf(row, snapshot.context.speed, isSaving, snapshot.context.hostLimit, hasGivenWay);
  }

  /** Ends a turn: stores changes, records them for readers, stops children without a slot, fills free slots. */
  endTurn(): void {
    do {
      const pending = this.#pending;
      this.#pending = [];
      for (const work of pending) work();
      this.#saveTouched();
      this.#dispatchQueued();
    } while (this.#touched.size > 0 || this.#pending.length > 0);
    // Removals count as work: nothing else would wake the session for them.
    if ((this.size > 0 || this.#parts.removals.busy) && !this.#isRenewalSet) {
      this.#isRenewalSet = true;
      this.#parts.deadlines.set('lease', this.#parts.env.clock.now() + RENEW_LEASE_MS);
    }
  }

  #saveTouched(): void {
    const touched = [...this.#touched];
    this.#touched.clear();
    const now = this.#parts.env.clock.now();
    // Less than nothing: the clock was set back.
    const sinceMs = now - this.#checkpointAt;
    if (touched.length > 0 && (sinceMs >= CHECKPOINT_MS || sinceMs < 0)) {
      this.#checkpointAt = now;
      this.#unstored = [...this.#children.keys()];
    }
    for (const id of this.#unstored.splice(0, CHECKPOINT_ROWS)) {
      const child = this.#children.get(id);
      if (child) this.#save(child);
    }
    for (const id of touched) {
      const child = this.#children.get(id);
      if (!child) continue;
      if (!isOnlyProgress(child.saved, child.row)) this.#save(child);
      this.#parts.feed.update(this.view(child));
      if (child.hasJob) continue;
      this.#supervisor?.stop(id);
      this.#parts.feed.forget(id);
    }
  }

  #save(child: SupervisedDownload): void {
    const { row, saved } = child;
    if (row === saved) return;
    this.#parts.store.save(row, saved.state);
    child.saved = row;
  }

  #dispatchQueued(): void {
    const { env, store } = this.#parts;
    const children = this.#children;
    const free = store.counts.queued === 0 ? 0 : freeSlots(children.values(), env.maxActive);
    // Those that already have a slot are still `queued` in storage, and among the oldest.
    const rows = this.network.next(free, children, fullHosts(children.values()));
    for (const row of rows) this.run(this.revive(row), 'place');
  }

  /** A download's actor threw: it is restarted later, or fails after several crashes. */
  #repair(row: DownloadRow): void {
    const { env, store, deadlines, feed, send } = this.#parts;
    const { id } = row;
    const now = env.clock.now();
    const before = this.#supervise().crashes.recordCrash(id, now);
    const repaired = repairedRow(
      row,
      now,
      before === null ? null : now + retryDelayMs(before, null, env.random()),
    );
    send({ type: 'stop', download: id, attempt: row.attempt });
    store.save(repaired, row.state);
    if (repaired.dueAt !== null) deadlines.set(`retry:${id}`, repaired.dueAt);
    feed.update(viewOf(repaired));
    feed.forget(id);
  }
}

function startOf(row: DownloadRow, { owner, own }: Pick<SessionStore, 'owner' | 'own'>): RunnerCommand {
  const { id, attempt, url, streamId, totalBytes, wantedEngine: engine, wantedName: filename } = row;
  const more = {
    ...(row.sha256 === undefined ? {} : { sha256: row.sha256 }),
    ...(row.listedTitle === undefined ? {} : { title: row.listedTitle }),
    ...(row.foundOn === undefined ? {} : { foundOn: row.foundOn }),
    ...(owner === null ? {} : { owner }),
    ...(own === null ? {} : { limits: runnerLimits(own.limits) }),
  };
  return { type: 'start', download: id, attempt, url, streamId, engine, filename, totalBytes, ...more };
}
