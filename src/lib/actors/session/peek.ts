/** What a session's storage says of it, read from outside while it sleeps or works: for whoever watches. */
import { DOWNLOAD_STATES } from '../../protocol/download.ts';
import { type DownloadRow, readRow } from '../download/row.ts';
import type { Stored } from '../durable/look.ts';
import { type Meta, orderOf, stateIndex } from './store.ts';

export interface Peek {
  /** ms since 1970; null = nothing is stored. */
  createdAt: number | null;
  /** Newest first. */
  rows: DownloadRow[];
}

/**
 * The newest downloads of a session, as they are stored.
 * @throws SluiceError `store_newer` for a row that a newer Sluice wrote
 */
export function peek(stored: Stored, limit: number): Peek {
  const meta = stored.get<Meta>('meta');
  if (meta === undefined) return { createdAt: null, rows: [] };
  const keys = DOWNLOAD_STATES.filter((state) => meta.counts[state] > 0).flatMap((state) => {
    const prefix = stateIndex(state);
    return stored.list<string>({ prefix, limit }).map(([key, id]) => ({ order: orderOf(key), id }));
  });
  keys.sort((a, b) => (a.order < b.order ? -1 : 1));
  const rows = keys.slice(0, limit).flatMap(({ id }) => {
    const row = stored.get(`d/${id}`);
    return row === undefined ? [] : [readRow(row)];
  });
  return { createdAt: meta.createdAt, rows };
}
