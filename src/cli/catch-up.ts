import { setTimeout as delay } from 'node:timers/promises';
import type { DownloadView } from '#lib/protocol/download.ts';
import { type SluiceError, toSluiceError } from '#lib/protocol/error.ts';
import type { Read } from './read.ts';

/** What a listing gives at most: docs/protocol.md. */
const PAGE_ROWS = 200;
const RETRY_MS = 1000;

export interface CatchUpOptions {
  read: Read;
  /** Ids that are looked for still. */
  missing: () => string[];
  onRows: (rows: DownloadView[]) => void;
  /** There is no download of that id (any more), or it cannot be asked for. */
  onLost: (id: string, error: SluiceError) => void;
  signal: AbortSignal;
}

/**
 * Looks for downloads that a snapshot had no room for: page by page, then those that no page had by their ids. What
 * may pass by itself is tried again until `signal`.
 * @param next the snapshot's `next`
 */
export async function catchUp(next: string | null, options: CatchUpOptions): Promise<void> {
  const { missing, onRows, onLost, signal } = options;
  const read = <T>(path: string) => readAgain<T>(path, options);
  try {
    for (let cursor = next; cursor !== null && missing().length > 0;) {
      const query = `limit=${PAGE_ROWS}&cursor=${encodeURIComponent(cursor)}`;
      const page = await read<{ downloads: DownloadView[]; next: string | null }>(`/downloads?${query}`);
      onRows(page.downloads);
      cursor = page.next;
    }
  } catch {
    // Each is asked for below, and its answer says what is wrong.
  }
  for (const id of missing()) {
    if (signal.aborted) return;
    try {
      onRows([await read<DownloadView>(`/downloads/${id}`)]);
    } catch (error) {
      if (!signal.aborted) onLost(id, toSluiceError(error));
    }
  }
}

async function readAgain<T>(path: string, { read, signal }: CatchUpOptions): Promise<T> {
  for (;;) {
    try {
      const answer = await read<T>(path);
      signal.throwIfAborted();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (!toSluiceError(error).transient) throw error;
    }
    await delay(RETRY_MS, null, { signal });
  }
}
