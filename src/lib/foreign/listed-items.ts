import type { MediaItem } from '../protocol/media.ts';
import { MAX_LISTED_CHARS } from './limits.ts';

/** The first items that fit together into what a listing may have. The first is always among them. */
export function fittingItems<T extends { item: MediaItem }>(found: readonly T[]): T[] {
  let chars = 0;
  const tooMany = found.findIndex(({ item }, index) => {
    chars += sizeOf(item);
    return index > 0 && chars > MAX_LISTED_CHARS;
  });
  return tooMany === -1 ? [...found] : found.slice(0, tooMany);
}

/** About as many characters as it has as JSON. */
function sizeOf({ id, url, site, title, streams }: MediaItem): number {
  const texts = id.length + url.length + site.length + title.length;
  return streams.reduce((sum, stream) => sum + stream.id.length + stream.quality.length + 70, texts + 70);
}
