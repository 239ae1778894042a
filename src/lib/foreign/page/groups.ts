/** What of a page's media is listed: each address once, and no more than a page may cost. Pure. */
import { MAX_ADDRESSES, MAX_GROUPS, MAX_PAGE_CHARS } from '../limits.ts';

export interface PageSource {
  url: string;
  /** `720p`, as the page says; null = it does not. */
  label: string | null;
  /** Lines of picture; null = not said. */
  height: number | null;
}

/** One film or song, in one or more qualities. */
export interface PageGroup {
  title: string | null;
  sources: PageSource[];
}

export function listedGroups(all: readonly PageGroup[]): { groups: PageGroup[]; truncated: boolean } {
  const merged = merge(all);
  const groups = merged.slice(0, fitting(merged));
  return { groups, truncated: groups.length < merged.length };
}

/** How many of the groups stay within the bounds. */
function fitting(groups: readonly PageGroup[]): number {
  let addresses = 0;
  let chars = 0;
  const tooMany = groups.findIndex(({ title, sources }) => {
    addresses += sources.length;
    chars += title?.length ?? 0;
    for (const { url, label } of sources) chars += url.length + (label?.length ?? 0);
    return addresses > MAX_ADDRESSES || chars > MAX_PAGE_CHARS;
  });
  return Math.min(MAX_GROUPS, tooMany === -1 ? groups.length : tooMany);
}

/** One group for each address: later mentions only add a title that was missing. */
function merge(groups: readonly PageGroup[]): PageGroup[] {
  const owner = new Map<string, PageGroup>();
  const merged: PageGroup[] = [];
  for (const { title, sources } of groups) {
    const fresh = sources.filter(
      ({ url }, i) => !owner.has(url) && sources.findIndex((each) => each.url === url) === i,
    );
    for (const { url } of sources) {
      const known = owner.get(url);
      if (known) known.title ??= title;
    }
    if (fresh.length === 0) continue;
    const group = { title, sources: fresh };
    merged.push(group);
    for (const { url } of fresh) owner.set(url, group);
  }
  return merged;
}
