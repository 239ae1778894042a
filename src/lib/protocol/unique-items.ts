import type { MediaItem } from './media.ts';

/** The first item of each address: a list may have a video twice. */
export function uniqueItems(items: readonly MediaItem[]): MediaItem[] {
  const urls = new Set<string>();
  return items.filter(({ url }) => !urls.has(url) && urls.add(url));
}
