/**
 * A client's copy of one session's downloads, from the channel's snapshots and updates and from listings over HTTP.
 * Pure: the page and the command line each render the changes that it reports.
 */
import type { Change, Snapshot, Update } from '../../protocol/channel.ts';
import type { DownloadView } from '../../protocol/download.ts';

interface RowListener {
  /** A row is new (`before` is null) or has changed. */
  onRow: (row: DownloadView, before: DownloadView | null) => void;
  /** `removed`: it no longer exists. `unlisted`: the last snapshot had no room for it; a listing may add it again. */
  onGone: (id: string, why: 'removed' | 'unlisted') => void;
  /** A row that is not in the store has changed: fetch it and pass it to `addListed`. */
  onUnknown?: (id: string) => void;
}

export class RowStore {
  readonly #listener: RowListener;
  readonly #rows = new Map<string, DownloadView>();
  /** Newer than what a listing under way will say of these rows. */
  readonly #changesOfUnknown = new Map<string, Partial<DownloadView>>();
  /** A listing that was read before the removal must not add them again. */
  readonly #removedSinceSnapshot = new Set<string>();
  #generation = 0;

  constructor(listener: RowListener) {
    this.#listener = listener;
  }

  /** Incremented with each snapshot: listings from before it are out of date. */
  get generation(): number {
    return this.#generation;
  }

  get(id: string): DownloadView | undefined {
    return this.#rows.get(id);
  }

  values(): Iterable<DownloadView> {
    return this.#rows.values();
  }

  apply(message: Snapshot | Update): void {
    if (message.type === 'snapshot') this.#replace(message.downloads);
    else for (const change of message.changes) this.#change(change);
  }

  /**
   * Adds rows of a listing. What the channel has said of a row takes precedence.
   * @param generation as it was when the listing was requested; rows of an older one are ignored
   */
  addListed(listed: readonly DownloadView[], generation: number): void {
    if (generation !== this.#generation) return;
    for (const row of listed) {
      if (this.#rows.has(row.id) || this.#removedSinceSnapshot.has(row.id)) continue;
      this.#put({ ...row, ...this.#changesOfUnknown.get(row.id) });
    }
  }

  #replace(downloads: readonly DownloadView[]): void {
    this.#generation++;
    this.#changesOfUnknown.clear();
    this.#removedSinceSnapshot.clear();
    const listed = new Set(downloads.map(({ id }) => id));
    for (const id of [...this.#rows.keys()]) {
      if (listed.has(id)) continue;
      this.#rows.delete(id);
      this.#listener.onGone(id, 'unlisted');
    }
    for (const row of downloads) this.#put(row);
  }

  #change(change: Change): void {
    const { id } = change;
    if ('deleted' in change) {
      this.#rows.delete(id);
      this.#changesOfUnknown.delete(id);
      this.#removedSinceSnapshot.add(id);
      this.#listener.onGone(id, 'removed');
      return;
    }
    const known = this.#rows.get(id);
    if (known !== undefined) this.#put({ ...known, ...change });
    else if (isCompleteRow(change)) this.#put(change);
    else {
      this.#changesOfUnknown.set(id, { ...this.#changesOfUnknown.get(id), ...change });
      this.#listener.onUnknown?.(id);
    }
  }

  #put(row: DownloadView): void {
    const before = this.#rows.get(row.id) ?? null;
    this.#changesOfUnknown.delete(row.id);
    this.#rows.set(row.id, row);
    this.#listener.onRow(row, before);
  }
}

function isCompleteRow(change: Change): change is DownloadView {
  return 'createdAt' in change && 'state' in change && 'url' in change;
}
