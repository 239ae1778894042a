/**
 * What of a list is still to be listed, as text that a client holds and returns: nothing has to be remembered here. A client
 * could write it, so it is checked as any address is.
 */
import * as v from 'valibot';
import { MAX_LIST_ITEMS, MAX_LIST_LEVELS, MAX_PENDING_LISTS } from '../../foreign/limits.ts';
import type { MoreItems } from '../../foreign/yt-dlp/items.ts';
import { MAX_CURSOR_CHARS } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import { checkUrl } from '../../protocol/url.ts';

export interface PendingList {
  url: string;
  /** Number of its next entry, from 1. */
  from: number;
  /** 0 = the list that was looked up, 1 = a list in it. */
  level: number;
}

const number = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_LIST_ITEMS));
const Pending = v.pipe(
  v.array(v.strictTuple([v.string(), number, v.pipe(number, v.maxValue(MAX_LIST_LEVELS))])),
  v.minLength(1),
  v.maxLength(MAX_PENDING_LISTS),
);

/** @throws SluiceError `invalid_cursor`, and those of `checkUrl` */
export function readCursor(cursor: string): PendingList[] {
  return readPending(cursor).map(([url, from, level]) => ({
    url: checkUrl(url).href,
    from: Math.max(1, from),
    level,
  }));
}

function readPending(cursor: string): v.InferOutput<typeof Pending> {
  try {
    return v.parse(Pending, JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new SluiceError('invalid_cursor', undefined, { cause });
  }
}

/** The cursor for the lists; `truncated`: not all of them are in it. */
export function writeCursor(lists: readonly PendingList[]): { next: string | null; truncated: boolean } {
  const listed = lists.filter(({ from, level }) => from <= MAX_LIST_ITEMS && level <= MAX_LIST_LEVELS);
  for (let count = Math.min(listed.length, MAX_PENDING_LISTS); count > 0; count--) {
    const json = JSON.stringify(listed.slice(0, count).map(({ url, from, level }) => [url, from, level]));
    const next = Buffer.from(json).toString('base64url');
    if (next.length <= MAX_CURSOR_CHARS) return { next, truncated: count < lists.length };
  }
  return { next: null, truncated: lists.length > 0 };
}

/** What follows once a page of `list` was read: what it leaves, before the lists after it. */
export function pendingAfter(
  list: PendingList,
  more: readonly MoreItems[],
  rest: readonly PendingList[],
): PendingList[] {
  const own = more.map(({ url, from, isInside }) => ({ url, from, level: list.level + (isInside ? 1 : 0) }));
  return [...own, ...rest];
}
