import { derive, type Snapshot, type Update } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';

export interface RowsOptions {
  /** Called with each row that is new or has changed. */
  onRow: (row: DownloadView) => void;
  /** Called with the id of a row that was removed. */
  onRemoved: (id: string) => void;
}

/** The rows of a session as its frames tell them; `fill` adds those that a snapshot had no room for. */
export class Rows {
  readonly #options: RowsOptions;
  readonly #rows = new Map<string, DownloadView>();
  /** What frames said of rows that only a listing has whole. */
  readonly #early = new Map<string, Partial<DownloadView>>();

  constructor(options: RowsOptions) {
    this.#options = options;
  }

  get(id: string): DownloadView | undefined {
    return this.#rows.get(id);
  }

  apply(message: Snapshot | Update): void {
    if (message.type === 'snapshot') {
      // It replaces all that was known: what it has no room for may have changed, or be gone.
      this.#rows.clear();
      this.#early.clear();
    }
    for (const change of message.type === 'snapshot' ? message.downloads : message.changes) {
      if ('deleted' in change) {
        this.#rows.delete(change.id);
        this.#early.delete(change.id);
        this.#options.onRemoved(change.id);
        continue;
      }
      const known = this.#rows.get(change.id);
      if (known !== undefined || 'url' in change) this.#put({ ...known, ...change } as DownloadView);
      else this.#early.set(change.id, { ...this.#early.get(change.id), ...change });
    }
  }

  /** Rows of a listing. It may be older than the frames that came meanwhile, which therefore have the last word. */
  fill(listed: readonly DownloadView[]): void {
    for (const row of listed) {
      if (!this.#rows.has(row.id)) this.#put({ ...row, ...this.#early.get(row.id) });
    }
  }

  #put(row: DownloadView): void {
    const whole = { ...row, ...derive(row) };
    this.#early.delete(row.id);
    this.#rows.set(row.id, whole);
    this.#options.onRow(whole);
  }
}
