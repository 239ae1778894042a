import type { DownloadState, Totals } from '../../protocol/download.ts';

/** The filters of the list: the groups that `Totals` counts. */
export const FILTERS = {
  all: [],
  active: ['parse', 'download', 'finish'],
  waiting: ['queued', 'waiting', 'paused'],
  done: ['complete'],
  failed: ['error', 'cancelled'],
} as const satisfies Record<string, readonly DownloadState[]>;
export type Filter = keyof typeof FILTERS;
export const FILTER_NAMES = Object.keys(FILTERS) as Filter[];

export function inFilter(filter: Filter, state: DownloadState): boolean {
  return filter === 'all' || (FILTERS[filter] as readonly DownloadState[]).includes(state);
}

export function countOf(filter: Filter, totals: Totals): number {
  switch (filter) {
    case 'all':
      return totals.active + totals.queued + totals.done + totals.failed;
    case 'waiting':
      return totals.queued;
    default:
      return totals[filter];
  }
}
