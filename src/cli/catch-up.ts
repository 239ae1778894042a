import { setTimeout as delay } from 'node:timers/promises';
import type { DownloadView } from '#lib/protocol/download.ts';
import { type SluiceError, toSluiceError } from '#lib/protocol/error.ts';
import { paths } from '#lib/protocol/paths.ts';
import type { ApiGet } from './api-get.ts';

/** The largest page of a listing: docs/protocol.md. */
const PAGE_ROWS = 200;
const RETRY_MS = 1000;

interface CatchUpOptions {
  apiGet: ApiGet;
  /** Ids that are not found yet. */
  missing: () => string[];
  onRows: (rows: DownloadView[]) => void;
  /** There is no download with that id (any more), or the request for it failed. */
  onLost: (id: string, error: SluiceError) => void;
  signal: AbortSignal;
}

/**
 * Fetches downloads that a snapshot had no room for: page by page, then by id those that were on no page. Transient
 * failures are retried until `signal` aborts.
 * @param next the snapshot's `next`
 */
export async function catchUp(next: string | null, options: CatchUpOptions): Promise<void> {
  const { missing, onRows, onLost, signal } = options;
  const get = <T>(path: string) => getWithRetries<T>(path, options);
  try {
    for (let cursor = next; cursor !== null && missing().length > 0;) {
      const query = `limit=${PAGE_ROWS}&cursor=${encodeURIComponent(cursor)}`;
      const page = await get<{ downloads: DownloadView[]; next: string | null }>(
        `${paths.downloads}?${query}`,
      );
      onRows(page.downloads);
      cursor = page.next;
    }
  } catch {
    // Each is requested below, and its response says what is wrong.
  }
  for (const id of missing()) {
    if (signal.aborted) return;
    try {
      onRows([await get<DownloadView>(paths.download(id))]);
    } catch (error) {
      if (!signal.aborted) onLost(id, toSluiceError(error));
    }
  }
}

async function getWithRetries<T>(path: string, { apiGet, signal }: CatchUpOptions): Promise<T> {
  for (;;) {
    try {
      const body = await apiGet<T>(path);
      signal.throwIfAborted();
      return body;
    } catch (error) {
      signal.throwIfAborted();
      if (!toSluiceError(error).transient) throw error;
    }
    await delay(RETRY_MS, null, { signal });
  }
}
