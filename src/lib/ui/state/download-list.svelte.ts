/**
 * The rows of the page, as signals. Only `apply` takes messages of the channel; older rows are loaded page by page over
 * HTTP and never overwrite newer state from the channel.
 */
import { RowStore } from '../../channel/client/row-store.ts';
import type { Snapshot, Update } from '../../protocol/channel.ts';
import type { DownloadState, DownloadView, Totals } from '../../protocol/download.ts';
import { type Filter, FILTERS } from './filter.ts';
import { ListRow, newestFirst } from './row.svelte.ts';
import type { RowSource } from './source.ts';

/* eslint-disable svelte/prefer-svelte-reactivity -- internal state; what is shown is a signal */

type Paging = 'idle' | 'loading' | 'failed';

export class DownloadList {
  readonly #source: RowSource;
  readonly #onStateChange: (row: ListRow, from: DownloadState) => void;
  readonly #rows = new Map<string, ListRow>();
  readonly #store = new RowStore({
    onRow: (view, before) => this.#onRow(view, before),
    onGone: (id) => {
      this.#isListStale = this.#rows.delete(id) || this.#isListStale;
    },
    onUnknown: (id) => void this.#fetchRow(id),
  });
  /** Rows that are being fetched by id, with the generation in which that began. */
  readonly #fetching = new Map<string, number>();
  /** Rows were added or removed since `rows` was sorted. */
  #isListStale = false;
  #isUpdate = false;

  /** Newest first. Replaced only when rows are added or removed. */
  rows: readonly ListRow[] = $state.raw([]);
  /** Null until the first snapshot. */
  totals: Totals | null = $state.raw(null);
  /** The sum of all running rows, as of their last update. */
  bytesPerSecond = $state(0);
  paging: Paging = $state('idle');
  /** The cursor of each filter's next page; null = no more, absent = none loaded yet. */
  #next: Partial<Record<Filter, string | null>> = $state.raw({});

  /** @param onStateChange called for each row whose state an update changed, never for a snapshot's rows */
  constructor(source: RowSource, onStateChange: (row: ListRow, from: DownloadState) => void = () => {}) {
    this.#source = source;
    this.#onStateChange = onStateChange;
  }

  get(id: string): ListRow | undefined {
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

  /** Whether there may be older rows of this group that are not loaded yet. */
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
      this.#rows.set(view.id, new ListRow(view));
      this.#isListStale = true;
      return;
    }
    row.replace(view);
    if (this.#isUpdate && before !== null && before.state !== view.state) {
      this.#onStateChange(row, before.state);
    }
  }

  /** Loads a row that has changed but is on no loaded page. */
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
