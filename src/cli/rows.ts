import { derive, type Snapshot, type Update } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';

/** The rows of a session as its frames tell them. */
export class Rows {
  readonly #rows = new Map<string, DownloadView>();
  readonly #onRow: (row: DownloadView) => void;

  /** @param onRow called with each row that is new or has changed */
  constructor(onRow: (row: DownloadView) => void) {
    this.#onRow = onRow;
  }

  get(id: string): DownloadView | undefined {
    return this.#rows.get(id);
  }

  apply(message: Snapshot | Update): void {
    for (const change of message.type === 'snapshot' ? message.downloads : message.changes) {
      if ('deleted' in change) {
        this.#rows.delete(change.id);
        continue;
      }
      const known = this.#rows.get(change.id);
      // A change of a row that a snapshot had no room for: it comes whole when it matters.
      if (known === undefined && !('url' in change)) continue;
      const row = { ...known, ...change } as DownloadView;
      const whole = { ...row, ...derive(row) };
      this.#rows.set(row.id, whole);
      this.#onRow(whole);
    }
  }
}
