import type { DownloadState, DownloadView } from '../../protocol/download.ts';
import { paths } from '../../protocol/paths.ts';

/** Loads rows that the channel did not send. */
export interface RowSource {
  /** @param states all when empty; @param cursor null = from the newest */
  page(
    states: readonly DownloadState[],
    cursor: string | null,
  ): Promise<{ downloads: DownloadView[]; next: string | null }>;
  /** null = there is no such row (any more). */
  row(id: string): Promise<DownloadView | null>;
}

/** A screen has about 15 rows; a page of 100 is under 60 kB. */
const PAGE_ROWS = 100;

export const httpSource: RowSource = {
  async page(states, cursor) {
    const query = new URLSearchParams({ limit: String(PAGE_ROWS) });
    if (states.length > 0) query.set('state', states.join(','));
    if (cursor !== null) query.set('cursor', cursor);
    const response = await fetch(`${paths.downloads}?${query}`);
    if (!response.ok) throw new Error(`GET ${response.url}: ${response.status}`);
    return (await response.json()) as { downloads: DownloadView[]; next: string | null };
  },
  async row(id) {
    const response = await fetch(paths.download(id));
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`GET ${response.url}: ${response.status}`);
    return (await response.json()) as DownloadView;
  },
};
