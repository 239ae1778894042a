import type { ReferrerPolicy } from '../../protocol/referrer-policy.ts';
import type { PageGroup } from './groups.ts';

/** A page that is shown in another. */
export interface PageFrame {
  url: string;
  /** What the request for it says of the page around it; absent = as other requests of that. */
  referrerPolicy?: ReferrerPolicy;
}

/** What a page, or a feed, says of its media. */
export interface PageScan {
  title: string | null;
  site: string | null;
  groups: PageGroup[];
  /** The page has more than `groups` holds. */
  truncated: boolean;
  /** The address that it leads on to by itself; null = none. */
  refresh: string | null;
  frames: PageFrame[];
  /** What its requests say of it; null = the default. */
  referrerPolicy: ReferrerPolicy | null;
  isFeed: boolean;
}
