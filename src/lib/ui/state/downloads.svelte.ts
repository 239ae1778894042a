/**
 * The rows of the page. `apply` is the only way in for what the channel says; older rows page in from HTTP and
 * never overwrite what the channel has said.
 */
import type { Change, Snapshot, Update } from '../../protocol/channel.ts';
import type { DownloadState, DownloadView, Totals } from '../../protocol/download.ts';
import { type Filter, FILTERS } from './filter.ts';
import { DownloadRow, newestFirst } from './row.svelte.ts';
import type { RowSource } from './source.ts';

/** A row that changes while it is asked for is asked for again; by then most have come to rest. */
const ROW_TRIES = 5;

/* eslint-disable svelte/prefer-svelte-reactivity -- bookkeeping that nothing shows; what is shown is a signal */

export type Paging = 'idle' | 'loading' | 'failed';

export class Downloads {
  readonly #source: RowSource;
  readonly #onMove: (row: DownloadRow, from: DownloadState) => void;
  readonly #rows = new Map<string, DownloadRow>();
  /** Rows that are being asked for. */
  readonly #asked = new Map<string, { changedSince: boolean }>();
  /** Gone while a page was on its way. */
  readonly #gone = new Set<string>();
  /** One more with each snapshot: pages asked for before are of another list. */
  #generation = 0;

  /** Newest first. Replaced only when rows come or go. */
  rows: readonly DownloadRow[] = $state.raw([]);
  /** Null until the first snapshot. */
  totals: Totals | null = $state.raw(null);
  /** Of all rows that are running, as of their last tick. */
  bytesPerSecond = $state(0);
  paging: Paging = $state('idle');
  /** Where each filter's next page begins; null = no more, absent = not asked yet. */
  #next: Partial<Record<Filter, string | null>> = $state.raw({});

  /** @param onMove told of each row whose state an update changed, never of a snapshot's rows */
  constructor(source: RowSource, onMove: (row: DownloadRow, from: DownloadState) => void = () => {}) {
    this.#source = source;
    this.#onMove = onMove;
  }

  get(id: string): DownloadRow | undefined {
    return this.#rows.get(id);
  }

  apply(message: Snapshot | Update): void {
    if (message.type === 'snapshot') this.#replace(message);
    else this.#change(message.changes);
    if (message.totals !== undefined) this.totals = message.totals;
    this.#sumSpeed();
  }

  /** Whether older rows of this group may exist that are not here yet. */
  hasMore(filter: Filter): boolean {
    if (this.#next.all === null) return false;
    return this.#next[filter] !== null && this.totals !== null;
  }

  /** Loads the next older rows of a group. A failure shows in `paging`. */
  async more(filter: Filter): Promise<void> {
    if (this.paging === 'loading' || !this.hasMore(filter)) return;
    const generation = this.#generation;
    this.paging = 'loading';
    this.#gone.clear();
    try {
      const page = await this.#source.page(FILTERS[filter], this.#next[filter] ?? null);
      if (generation === this.#generation) {
        this.#next = { ...this.#next, [filter]: page.next };
        this.#insert(page.downloads.filter(({ id }) => !this.#gone.has(id) && !this.#asked.has(id)));
      }
      this.paging = 'idle';
    } catch {
      this.paging = 'failed';
    }
  }

  #replace(snapshot: Snapshot): void {
    this.#generation++;
    this.#asked.clear();
    this.#next = { all: snapshot.next };
    const kept = new Set(snapshot.downloads.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    for (const view of snapshot.downloads) this.#put(view);
    this.#sort();
  }

  #change(changes: readonly Change[]): void {
    let listed = false;
    for (const change of changes) {
      const asked = this.#asked.get(change.id);
      if (asked !== undefined) asked.changedSince = true;
      if ('deleted' in change) {
        this.#gone.add(change.id);
        listed = this.#rows.delete(change.id) || listed;
        continue;
      }
      const row = this.#rows.get(change.id);
      if (row !== undefined) {
        const from = row.state;
        row.patch(change);
        if (row.state !== from) this.#onMove(row, from);
      } else if (isWhole(change)) {
        this.#put(change);
        listed = true;
      } else void this.#ask(change.id);
    }
    if (listed) this.#sort();
  }

  #put(view: DownloadView): void {
    const row = this.#rows.get(view.id);
    if (row === undefined) this.#rows.set(view.id, new DownloadRow(view));
    else row.patch(view);
  }

  #insert(views: readonly DownloadView[]): void {
    for (const view of views) if (!this.#rows.has(view.id)) this.#rows.set(view.id, new DownloadRow(view));
    this.#sort();
  }

  /** An old row that no page has brought yet has begun to change: it belongs in view. */
  async #ask(id: string): Promise<void> {
    if (this.#asked.has(id)) return;
    const asked = { changedSince: false };
    this.#asked.set(id, asked);
    let view: DownloadView | null = null;
    for (let tries = 0; tries < ROW_TRIES; tries++) {
      asked.changedSince = false;
      view = await this.#source.row(id).catch(() => null);
      if (view === null || !asked.changedSince) break;
    }
    // A snapshot in between has forgotten the question.
    if (this.#asked.get(id) !== asked) return;
    this.#asked.delete(id);
    if (view === null) return;
    this.#insert([view]);
    this.#sumSpeed();
  }

  #sort(): void {
    this.rows = [...this.#rows.values()].sort(newestFirst);
  }

  #sumSpeed(): void {
    let sum = 0;
    for (const { view } of this.#rows.values()) {
      if (view.state === 'download') sum += view.bytesPerSecond ?? 0;
    }
    this.bytesPerSecond = sum;
  }
}

function isWhole(change: Change): change is DownloadView {
  return 'createdAt' in change && 'state' in change && 'url' in change;
}
