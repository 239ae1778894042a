/** Selects the media of a page to list: each address once, within the limits of a page. Pure. */
import type { ReferrerPolicy } from '../../protocol/referrer-policy.ts';
import { MAX_ADDRESSES, MAX_GROUPS, MAX_PAGE_CHARS } from '../limits.ts';

export interface PageSource {
  url: string;
  /** The page's label, like `720p`; null = none. */
  label: string | null;
  /** Of the picture; null = unknown. */
  height: number | null;
  /** Size, as a feed says it; absent = unknown. */
  bytes?: number;
}

/** One video or song, in one or more qualities. */
export interface PageGroup {
  title: string | null;
  sources: PageSource[];
  /** The page that it was found on, if that is another one, shown in a frame. */
  page?: string;
  /** What the request for it says of that page; absent = as other requests of the page. */
  referrerPolicy?: ReferrerPolicy;
  /** How long it plays, as a feed says it; absent = unknown. */
  durationSeconds?: number;
  /** Its title is what the page calls a link, as `Download`. */
  isLink?: true;
}

export function listedGroups(all: readonly PageGroup[]): { groups: PageGroup[]; truncated: boolean } {
  const merged = merge(all);
  const groups = merged.slice(0, countWithinLimits(merged));
  return { groups, truncated: groups.length < merged.length };
}

/** How many of the groups are within the limits. */
function countWithinLimits(groups: readonly PageGroup[]): number {
  let addresses = 0;
  let chars = 0;
  const firstTooMany = groups.findIndex(({ title, sources }) => {
    addresses += sources.length;
    chars += title?.length ?? 0;
    for (const { url, label } of sources) chars += url.length + (label?.length ?? 0);
    return addresses > MAX_ADDRESSES || chars > MAX_PAGE_CHARS;
  });
  return Math.min(MAX_GROUPS, firstTooMany === -1 ? groups.length : firstTooMany);
}

/** Keeps the first group of each address; later ones only add a missing title. */
function merge(groups: readonly PageGroup[]): PageGroup[] {
  const groupOf = new Map<string, PageGroup>();
  const merged: PageGroup[] = [];
  for (const { title, sources, ...rest } of groups) {
    const fresh = sources.filter(
      ({ url }, i) => !groupOf.has(url) && sources.findIndex((each) => each.url === url) === i,
    );
    for (const { url } of sources) {
      const known = groupOf.get(url);
      if (known) known.title ??= title;
    }
    if (fresh.length === 0) continue;
    const group = { ...rest, title, sources: fresh };
    merged.push(group);
    for (const { url } of fresh) groupOf.set(url, group);
  }
  return merged;
}
