/**
 * The size and version of each file that a look-up has listed. If a download soon afterwards is given another size for the
 * same version, one of them is wrong. Pure; the clock is passed in.
 */
import { dropOldest } from '../../protocol/drop-oldest.ts';
import type { Version } from './head.ts';

/** As for the listings of the other engines. */
const TTL_MS = 10 * 60_000;
const MAX_ADDRESSES = 500;

export interface ListedSizes {
  /** Replaces the entry of an address; null = the look-up found nothing that could be compared. */
  record(url: string, version: Version | null, nowMs: number): void;
  /** Empty when nothing was recorded in the last 10 minutes. */
  get(url: string, nowMs: number): Version[];
}

export function createListedSizes(): ListedSizes {
  const listed = new Map<string, { version: Version; atMs: number }>();
  return {
    record(url, version, nowMs) {
      listed.delete(url);
      if (version === null) return;
      listed.set(url, { version, atMs: nowMs });
      dropOldest(listed, MAX_ADDRESSES);
    },
    get(url, nowMs) {
      const found = listed.get(url);
      return found && nowMs - found.atMs < TTL_MS ? [found.version] : [];
    },
  };
}
