import type { MediaItem } from '../protocol/media.ts';
import { MAX_LISTED_CHARS } from './limits.ts';

/** The first items that fit within `MAX_LISTED_CHARS` together, at least one. */
export function itemsWithinLimit<T extends { item: MediaItem }>(found: readonly T[]): T[] {
  let chars = 0;
  const firstTooMany = found.findIndex(({ item }, index) => {
    chars += charsOf(item);
    return index > 0 && chars > MAX_LISTED_CHARS;
  });
  return firstTooMany === -1 ? [...found] : found.slice(0, firstTooMany);
}

/** Approximately its length as JSON. */
export function charsOf({ id, url, site, title, streams }: MediaItem): number {
  const texts = id.length + url.length + site.length + title.length;
  return streams.reduce((sum, stream) => sum + stream.id.length + stream.quality.length + 70, texts + 70);
}
