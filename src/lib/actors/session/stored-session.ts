/** A session's storage, read from outside without waking it. */
import { DOWNLOAD_STATES } from '../../protocol/download.ts';
import type { DownloadRow } from '../download/row.ts';
import type { StoredObject } from '../durable/stored-object.ts';
import { type Meta, readPage } from './store.ts';

interface StoredSession {
  /** ms since 1970; null = nothing is stored. */
  createdAt: number | null;
  /** Newest first. */
  rows: DownloadRow[];
}

/**
 * The stored rows of a session's newest downloads.
 * @throws SluiceError `store_newer` for what a newer Sluice wrote
 */
export function readStoredSession(stored: StoredObject, limit: number): StoredSession {
  const meta = stored.get<Meta>('meta');
  if (meta === undefined) return { createdAt: null, rows: [] };
  const { rows } = readPage(stored, meta.counts, DOWNLOAD_STATES, limit, null);
  return { createdAt: meta.createdAt, rows };
}

/** Whether a download is in the list, or is being removed from it. */
export function hasStoredDownload(stored: StoredObject, id: string): boolean {
  try {
    return stored.get(`d/${id}`) !== undefined || stored.get(`gone/${id}`) !== undefined;
  } catch {
    // Something is there that cannot be read.
    return true;
  }
}
