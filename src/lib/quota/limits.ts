/**
 * What one visitor may use, each limit with its reason. They are for a household on one machine: all its devices behind one
 * address (a container's gateway, a router) stay below them, and one that passes them is sent the time of the next try.
 * A visitor of this machine itself (`local`) has no limits by address.
 */

import type { Rate } from './bucket.ts';

export interface HeldLimits {
  owner?: number;
  /** Of one list, for all its users, this machine included. */
  list?: number;
  /** Of all owners but this machine, so that many addresses cannot hold more than there is. */
  strangers?: number;
  /** After how long a refused visitor should try again, ms. */
  retryAfterMs: number;
}

/** Of one owner: see `channel/owner.ts`. */
export const RATES = {
  /** New lists. Ten browsers that lose their cookies twice a day need 20 a day; this is 50 at once and 720 a day. */
  session: { burst: 50, perSecond: 1 / 120 },
  /** Tries to sign in that were wrong: of a household that has forgotten its passwords. */
  'sign-in': { burst: 30, perSecond: 1 / 20 },
  /** New connections. A script without keep-alive opens one for each address of a pasted list of a thousand. */
  connection: { burst: 1_000, perSecond: 50 },
  /** Requests: 0.1 to 0.3 ms of CPU each, so 100 a second are 3 % of a core. A page counts as `PAGE_REQUESTS`. */
  request: { burst: 3_000, perSecond: 100 },
  /** Messages on sockets; a long one counts as several. As one socket has had it: a pasted list of a thousand, then 200/s. */
  message: { burst: 2_000, perSecond: 200 },
  /** New downloads. The largest list that is imported at once is some thousands long. */
  add: { burst: 5_000, perSecond: 10 },
  /** Bytes of state that stay stored: 5,000 adds are 4 MB. 90 MB a day at most, and not 8 kB for each request. */
  state: { burst: 6 * 1024 * 1024, perSecond: 1024 },
} as const satisfies Record<string, Rate>;

export const HELD = {
  /** A browser opens six and a socket: fifteen devices. 1,024 descriptors, the usual limit, have to be enough for all. */
  connection: { owner: 100, strangers: 600, retryAfterMs: 5_000 },
  /** Beyond `connection`: for health checks and visitors that have a list already, who say so in their first request. */
  reserved: { owner: 8, strangers: 64, retryAfterMs: 5_000 },
  /** Connections that have not sent a whole head yet. A browser opens six at once, and sends at once. */
  head: { owner: 24, strangers: 150, retryAfterMs: 5_000 },
  /** One for each open tab. Each gets five frames a second while its list moves. */
  socket: { owner: 64, list: 256, strangers: 400, retryAfterMs: 5_000 },
  /** Of 32 for all. Each is flushed four times a second and reads the records of every turn: two windows of two people. */
  inspector: { owner: 4, list: 8, strangers: 16, retryAfterMs: 30_000 },
  /** Look-ups under way: a pasted list has 16 at once. The threads that read texts take 64. */
  lookup: { owner: 32, strangers: 48, retryAfterMs: 5_000 },
} as const satisfies Record<string, HeldLimits>;

/** Of a person whom an operator lets add so many a day. */
export function addRate(perDay: number): Rate {
  return { burst: perDay, perSecond: perDay / 86_400 };
}

/**
 * Room on the disk that is left to those who hold less: a tenth of what visitors' files and free space take together. 10 GB of a
 * large disk: a household that has it for itself gives up 1 % of a terabyte, and a newcomer has room for a few videos.
 */
export const KEPT_FOR_OTHERS = { share: 0.1, bytes: 10e9 } as const;

export type RateKind = keyof typeof RATES;
export type HeldKind = keyof typeof HELD;

/** A page is rendered for each request: 3 to 5 ms. */
export const PAGE_REQUESTS = 10;
/** A message counts as one for each of these many bytes begun: three times as long as most adds. */
export const MESSAGE_BYTES = 1024;

/** Remembered at most, the longest idle are forgotten first: 300 bytes each. */
export const MAX_ACCOUNTS = 10_000;
