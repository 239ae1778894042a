import type { PageGroup } from './groups.ts';

/** What a page, or a feed, says of its media. */
export interface PageScan {
  title: string | null;
  site: string | null;
  groups: PageGroup[];
  /** The page has more than `groups` holds. */
  truncated: boolean;
  /** The address that it leads on to by itself; null = none. */
  refresh: string | null;
  /** Addresses of pages that are shown in it. */
  frames: string[];
  isFeed: boolean;
}
