/**
 * The downloads of one session as a client knows them: snapshots and updates of the channel, and rows that a listing
 * brought. Pure: the page and the command line each render what it reports.
 */
import type { Change, Snapshot, Update } from '../../protocol/channel.ts';
import type { DownloadView } from '../../protocol/download.ts';

export interface RowListener {
  /** A row is new (`before` is null) or has changed. */
  onRow: (row: DownloadView, before: DownloadView | null) => void;
  /** `removed`: it no longer exists. `unlisted`: the last snapshot had no room for it; a listing may bring it back. */
  onGone: (id: string, why: 'removed' | 'unlisted') => void;
  /** A row that neither snapshot nor listing has brought has changed: it should be listed and passed to `fill`. */
  onUnknown?: (id: string) => void;
}

export class RowStore {
  readonly #listener: RowListener;
  readonly #rows = new Map<string, DownloadView>();
  /** Changes of rows that are not known yet: what a listing says of these rows may be older. */
  readonly #early = new Map<string, Partial<DownloadView>>();
  /** Since the last snapshot: a listing that was read before must not bring them back. */
  readonly #removed = new Set<string>();
  #generation = 0;

  constructor(listener: RowListener) {
    this.#listener = listener;
  }

  /** One more with each snapshot: what was listed before belongs to another list. */
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
   * Rows of a listing. What the channel has said of a row has the last word.
   * @param generation as it was when the listing was asked for; rows of an older one are dropped
   */
  fill(listed: readonly DownloadView[], generation: number): void {
    if (generation !== this.#generation) return;
    for (const row of listed) {
      if (this.#rows.has(row.id) || this.#removed.has(row.id)) continue;
      this.#put({ ...row, ...this.#early.get(row.id) });
    }
  }

  #replace(downloads: readonly DownloadView[]): void {
    this.#generation++;
    this.#early.clear();
    this.#removed.clear();
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
      this.#early.delete(id);
      this.#removed.add(id);
      this.#listener.onGone(id, 'removed');
      return;
    }
    const known = this.#rows.get(id);
    if (known !== undefined) this.#put({ ...known, ...change });
    else if (isWhole(change)) this.#put(change);
    else {
      this.#early.set(id, { ...this.#early.get(id), ...change });
      this.#listener.onUnknown?.(id);
    }
  }

  #put(row: DownloadView): void {
    const before = this.#rows.get(row.id) ?? null;
    this.#early.delete(row.id);
    this.#rows.set(row.id, row);
    this.#listener.onRow(row, before);
  }
}

function isWhole(change: Change): change is DownloadView {
  return 'createdAt' in change && 'state' in change && 'url' in change;
}
