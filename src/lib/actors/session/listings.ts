/** Views of a session's downloads: one, a page, or the newest that fit into a frame. */
import { DOWNLOAD_STATES, type DownloadView } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { SessionRequest } from '../../protocol/request.ts';
import type { RecordedFile } from '../../protocol/runner.ts';
import type { DownloadRow } from '../download/row.ts';
import { viewOf } from '../download/view.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { LiveDownloads } from './live-downloads.ts';
import type { SessionStore } from './store.ts';

export interface DownloadPage {
  /** Newest first. */
  downloads: DownloadView[];
  next: string | null;
}

const SNAPSHOT_ROWS = 100;

/** The size of a snapshot's list; clients page the rest. The contract allows 20 kB for the frame. */
const SNAPSHOT_BYTES = 18_000;

export class Listings {
  readonly #store: SessionStore;
  readonly #live: LiveDownloads;

  constructor(store: SessionStore, live: LiveDownloads) {
    this.#store = store;
    this.#live = live;
  }

  /** @throws SluiceError `not_found` */
  show(id: string): DownloadView {
    const child = this.#live.find(id);
    return child ? this.#live.view(child) : viewOf(this.row(id));
  }

  /** @throws SluiceError `not_found` */
  row(id: string): DownloadRow {
    const row = this.#live.find(id)?.row ?? this.#store.get(id);
    if (!row) throw new SluiceError('not_found', 'There is no download of that id in this session.');
    return row;
  }

  /** @throws SluiceError `not_found`, `wrong_state` */
  file(id: string): RecordedFile {
    const { file, state } = this.row(id);
    if (file === null)
      throw new SluiceError('wrong_state', `The download is in state ${state}: it has no file yet.`);
    return file;
  }

  /** @throws SluiceError `invalid_cursor` */
  page({ states, limit, cursor }: Omit<Extract<SessionRequest, { name: 'list' }>, 'name'>): DownloadPage {
    const beforeN = cursor === null ? null : decodeCursor(cursor);
    const { rows, nextN } = this.#store.page(states, limit, beforeN);
    return {
      downloads: rows.map((row) => this.#current(row)),
      next: nextN === null ? null : encodeCursor(nextN),
    };
  }

  /**
   * All that have a slot, as their updates hold only changes, and then the newest; as far as they fit
   * into a snapshot.
   */
  newest(): DownloadPage {
    const { rows, nextN } = this.#store.page(DOWNLOAD_STATES, SNAPSHOT_ROWS, null);
    const live = newestFirst(this.#live.rows);
    const others = rows.filter(({ id }) => this.#live.find(id) === undefined);
    const wanted = [...live, ...others].map((row) => ({ n: row.n, view: this.#current(row) }));
    const encoder = new TextEncoder();
    let left = SNAPSHOT_BYTES;
    const tooMany = wanted.findIndex(({ view }) => {
      left -= encoder.encode(JSON.stringify(view)).length + 1;
      return left < 0;
    });
    const unshown = tooMany < 0 ? [] : newestFirst(wanted.splice(tooMany));
    // So that nothing is skipped, the next page starts with the newest that did not fit.
    const next = unshown[0] === undefined ? nextN : unshown[0].n + 1;
    return {
      downloads: newestFirst(wanted).map(({ view }) => view),
      next: next === null ? null : encodeCursor(next),
    };
  }

  #current(row: DownloadRow): DownloadView {
    const child = this.#live.find(row.id);
    return child ? this.#live.view(child) : viewOf(row);
  }
}

function newestFirst<T extends { n: number }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => b.n - a.n);
}
