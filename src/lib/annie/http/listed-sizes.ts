/**
 * What look-ups found: the size of each file they listed, and of which version it is. A download that is told another
 * size of the same version soon after is not told the truth one of the two times. Pure; the clock is passed in.
 */
import type { Version } from './head.ts';

/** Believed so long, and of so many addresses: as what the other engines listed. */
const TTL_MS = 10 * 60_000;
const MAX_ADDRESSES = 500;

export interface ListedSizes {
  /** Replaces what was noted of the address; null = nothing that could be held against a later answer. */
  note(url: string, version: Version | null, nowMs: number): void;
  of(url: string, nowMs: number): Version[];
}

export function createListedSizes(): ListedSizes {
  const listed = new Map<string, { version: Version; atMs: number }>();
  return {
    note(url, version, nowMs) {
      listed.delete(url);
      if (version === null) return;
      listed.set(url, { version, atMs: nowMs });
      if (listed.size > MAX_ADDRESSES) listed.delete(listed.keys().next().value as string);
    },
    of(url, nowMs) {
      const found = listed.get(url);
      return found && nowMs - found.atMs < TTL_MS ? [found.version] : [];
    },
  };
}
