/** Keys of the index `by/STATE/ORDER`, newest first: see `store.ts`. */
import type { DownloadState } from '../../protocol/download.ts';

/** Highest `n`: 12 digits, so that the index key of a newer row sorts before that of an older one. */
const MAX_N = 999_999_999_999;

export function stateIndex(state: DownloadState): string {
  return `by/${state}/`;
}

export function indexKey(state: DownloadState, n: number): string {
  return stateIndex(state) + String(MAX_N - n).padStart(12, '0');
}

export function parseIndexKey(key: string): { state: DownloadState; n: number } {
  const [, state, order] = key.split('/');
  return { state: state as DownloadState, n: MAX_N - Number(order) };
}
