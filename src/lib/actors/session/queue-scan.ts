/**
 * The next of a session's queued downloads, oldest first, while some hosts take none. It remembers how far it has looked, as
 * those of one host may be many thousands: each is read once, and not at each turn.
 */
import { authorityOf } from '../../protocol/unreachable.ts';
import type { DownloadRow } from '../download/row.ts';
import type { SessionStore } from './store.ts';

/** Rows that are read in one turn: about 1 ms. */
const A_TURN = 64;

export type Hosts = Pick<ReadonlySet<string>, 'has' | 'size'>;

export class QueueScan {
  readonly #store: SessionStore;
  /** Of what was added before this one, all are of `#skipped`, or were returned. */
  #from = 0;
  /** Hosts of those that were passed over. */
  readonly #skipped = new Set<string>();
  /** There are more rows to check than one turn may read. */
  isBehind = false;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /**
   * At most `count`, which are to be given a slot. Fewer may be found than there are: then `isBehind`.
   * @param taken those that were given one and are still stored as queued
   * @param closed as `authorityOf`
   */
  next(count: number, taken: ReadonlyMap<string, unknown>, closed: Hosts): DownloadRow[] {
    const store = this.#store;
    this.isBehind = false;
    const added = store.takeFirstQueued();
    if (closed.size === 0) {
      this.#startOver();
      const ids = store.oldest('queued', taken.size + count).filter(({ id }) => !taken.has(id));
      const rows = store.indexedRows(ids.slice(0, count).map(({ id }) => id));
      // One that is lost has ended.
      return rows.filter(({ state }) => state === 'queued');
    }
    if (![...this.#skipped].every((host) => closed.has(host))) this.#startOver();
    this.#from = Math.min(this.#from, added);
    const found: DownloadRow[] = [];
    const page = store.oldest('queued', A_TURN, this.#from);
    for (const { id, n } of page) {
      if (found.length === count) return found;
      this.#from = n + 1;
      const row = taken.has(id) ? null : store.get(id);
      if (row === null) continue;
      const host = authorityOf(row.url) ?? '';
      if (closed.has(host)) this.#skipped.add(host);
      else found.push(row);
    }
    this.isBehind = page.length === A_TURN && found.length < count;
    return found;
  }

  #startOver(): void {
    this.#from = 0;
    this.#skipped.clear();
  }
}
