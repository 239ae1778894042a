/** What a session can show of its downloads: one, a page, or the newest that fit into a frame. */
import { DOWNLOAD_STATES, type DownloadState, type DownloadView } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { DownloadRow } from '../download/row.ts';
import { viewOf } from '../download/view.ts';
import { encodeCursor } from './cursor.ts';
import type { LiveDownloads } from './live.ts';
import type { SessionStore } from './store.ts';

export interface Page {
  /** Newest first. */
  downloads: DownloadView[];
  next: string | null;
}

const SNAPSHOT_ROWS = 100;

export class Listings {
  readonly #store: SessionStore;
  readonly #live: LiveDownloads;

  constructor(store: SessionStore, live: LiveDownloads) {
    this.#store = store;
    this.#live = live;
  }

  /** @throws SluiceError `not_found` */
  async show(id: string): Promise<DownloadView> {
    const child = this.#live.find(id);
    return child ? this.#live.view(child) : viewOf(await this.row(id));
  }

  /** @throws SluiceError `not_found` */
  async row(id: string): Promise<DownloadRow> {
    const row = this.#live.find(id)?.row ?? (await this.#store.get(id));
    if (!row) throw new SluiceError('not_found', 'There is no download of that id in this session.');
    return row;
  }

  /** @param beforeN only rows older than this one */
  async page(states: readonly DownloadState[], limit: number, beforeN: number | null): Promise<Page> {
    const { rows, nextN } = await this.#store.page(states, limit, beforeN);
    return {
      downloads: rows.map((row) => this.#current(row)),
      next: nextN === null ? null : encodeCursor(nextN),
    };
  }

  /** The newest rows and all that have a place, as far as they fit into `maxBytes` of JSON. */
  async newest(maxBytes: number): Promise<Page> {
    const { rows, nextN } = await this.#store.page(DOWNLOAD_STATES, SNAPSHOT_ROWS, null);
    const byId = new Map([...rows, ...this.#live.rows].map((row) => [row.id, row]));
    const encoder = new TextEncoder();
    const downloads: DownloadView[] = [];
    let left = maxBytes;
    let next = nextN;
    for (const row of [...byId.values()].sort((a, b) => b.n - a.n)) {
      const view = this.#current(row);
      left -= encoder.encode(JSON.stringify(view)).length + 1;
      if (left < 0) {
        // Nothing is skipped: paging goes on with the row that did not fit.
        next = row.n + 1;
        break;
      }
      downloads.push(view);
    }
    return { downloads, next: next === null ? null : encodeCursor(next) };
  }

  #current(row: DownloadRow): DownloadView {
    const child = this.#live.find(row.id);
    return child ? this.#live.view(child) : viewOf(row);
  }
}
