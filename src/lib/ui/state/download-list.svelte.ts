/**
 * The rows of the page, as signals. `apply` is the only way in for what the channel says; older rows page in over
 * HTTP and never overwrite what the channel has said.
 */
import { RowStore } from '../../channel/client/row-store.ts';
import type { Snapshot, Update } from '../../protocol/channel.ts';
import type { DownloadState, DownloadView, Totals } from '../../protocol/download.ts';
import { type Filter, FILTERS } from './filter.ts';
import { DownloadRow, newestFirst } from './row.svelte.ts';
import type { RowSource } from './source.ts';

/* eslint-disable svelte/prefer-svelte-reactivity -- bookkeeping that nothing shows; what is shown is a signal */

export type Paging = 'idle' | 'loading' | 'failed';

export class DownloadList {
  readonly #source: RowSource;
  readonly #onMove: (row: DownloadRow, from: DownloadState) => void;
  readonly #rows = new Map<string, DownloadRow>();
  readonly #store = new RowStore({
    onRow: (view, before) => this.#onRow(view, before),
    onGone: (id) => {
      this.#isListStale = this.#rows.delete(id) || this.#isListStale;
    },
    onUnknown: (id) => void this.#fetchRow(id),
  });
  /** Rows that are being fetched one by one, by the generation in which that began. */
  readonly #fetching = new Map<string, number>();
  /** Rows came or went since `rows` was made. */
  #isListStale = false;
  #isUpdate = false;

  /** Newest first. Replaced only when rows come or go. */
  rows: readonly DownloadRow[] = $state.raw([]);
  /** Null until the first snapshot. */
  totals: Totals | null = $state.raw(null);
  /** Of all rows that are running, as of their last tick. */
  bytesPerSecond = $state(0);
  paging: Paging = $state('idle');
  /** Where each filter's next page begins; null = no more, absent = not asked yet. */
  #next: Partial<Record<Filter, string | null>> = $state.raw({});

  /** @param onMove called with each row whose state an update changed, never for a snapshot's rows */
  constructor(source: RowSource, onMove: (row: DownloadRow, from: DownloadState) => void = () => {}) {
    this.#source = source;
    this.#onMove = onMove;
  }

  get(id: string): DownloadRow | undefined {
    return this.#rows.get(id);
  }

  apply(message: Snapshot | Update): void {
    if (message.type === 'snapshot') this.#next = { all: message.next };
    this.#isUpdate = message.type === 'update';
    this.#store.apply(message);
    this.#isUpdate = false;
    if (message.totals !== undefined) this.totals = message.totals;
    this.#publish();
  }

  /** Whether older rows of this group may exist that are not here yet. */
  hasMore(filter: Filter): boolean {
    if (this.#next.all === null) return false;
    return this.#next[filter] !== null && this.totals !== null;
  }

  /** Loads the next older rows of a group. A failure shows in `paging`. */
  async more(filter: Filter): Promise<void> {
    if (this.paging === 'loading' || !this.hasMore(filter)) return;
    const { generation } = this.#store;
    this.paging = 'loading';
    try {
      const page = await this.#source.page(FILTERS[filter], this.#next[filter] ?? null);
      if (generation === this.#store.generation) this.#next = { ...this.#next, [filter]: page.next };
      this.#store.addListed(page.downloads, generation);
      this.#publish();
      this.paging = 'idle';
    } catch {
      this.paging = 'failed';
    }
  }

  #onRow(view: DownloadView, before: DownloadView | null): void {
    const row = this.#rows.get(view.id);
    if (row === undefined) {
      this.#rows.set(view.id, new DownloadRow(view));
      this.#isListStale = true;
      return;
    }
    row.replace(view);
    if (this.#isUpdate && before !== null && before.state !== view.state) this.#onMove(row, before.state);
  }

  /** An old row that no page has brought yet has begun to change: it belongs in view. */
  async #fetchRow(id: string): Promise<void> {
    const { generation } = this.#store;
    if (this.#fetching.get(id) === generation) return;
    this.#fetching.set(id, generation);
    const view = await this.#source.row(id).catch(() => null);
    if (this.#fetching.get(id) === generation) this.#fetching.delete(id);
    if (view === null) return;
    this.#store.addListed([view], generation);
    this.#publish();
  }

  #publish(): void {
    if (this.#isListStale) this.rows = [...this.#rows.values()].sort(newestFirst);
    this.#isListStale = false;
    let sum = 0;
    for (const { state, bytesPerSecond } of this.#store.values()) {
      if (state === 'download') sum += bytesPerSecond ?? 0;
    }
    this.bytesPerSecond = sum;
  }
}
