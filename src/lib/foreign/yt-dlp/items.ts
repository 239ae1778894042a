/** Turns yt-dlp's info JSON into one page of items. */
import { type ErrorCode, SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { MediaItem } from '../../protocol/media.ts';
import { cleanTitle } from '../../protocol/title.ts';
import { parseUrl } from '../../protocol/url.ts';
import { MAX_ITEMS, MAX_NAME_CHARS, MAX_LIST_PAGE_BYTES } from '../limits.ts';
import { chooseStreams } from './formats.ts';
import { type Info, readInfo } from './info.ts';
import { withItem } from './item-url.ts';
import { PRESETS } from './presets.ts';

export interface FoundItem {
  item: MediaItem;
  /** For `--load-info-json`, so that a download need not open the page again; null = it was not opened. */
  info: unknown;
}

/** A list that is still to be opened, or to be continued. */
export interface MoreItems {
  url: string;
  /** Number of its first entry that was not listed, from 1. */
  from: number;
  /** It is inside the list that was opened, not the rest of it. */
  isInside: boolean;
}

export interface ItemsPage {
  /** Of the list that was opened; null = it has none. */
  title: string | null;
  found: FoundItem[];
  more: MoreItems[];
  /** Of the list that was opened; null = not known, or it holds lists. */
  total: number | null;
  /** Something is left that has no address of its own. */
  truncated: boolean;
}

export interface PageRequest {
  /** The address that was listed. */
  url: string;
  /** Number of the first entry that was requested; absent = 1. */
  from?: number;
  canJoin: boolean;
}

/**
 * At most 200 items and 256 kB. Tabs of a channel come as entries with entries: those are listed in their place.
 * @throws SluiceError `no_media`, `live_stream`, `encrypted`, `engine_output`
 */
export function pageOf(json: unknown, { url, from = 1, canJoin }: PageRequest): ItemsPage {
  const root = readInfo(json);
  if (root.entries === null) {
    const found = [openedItem(root, json, url, canJoin)];
    return { title: null, found, more: [], total: null, truncated: false };
  }
  const page = new PageBuilder(canJoin);
  page.addList(root, root.entries, url, from, false);
  const { found, more, isNested, truncated } = page;
  // a list may have become shorter
  if (found.length === 0 && more.length === 0 && from === 1)
    throw page.failure ?? new SluiceError('no_media');
  // nothing but one video that cannot be had
  if (found.length === 1 && page.failure !== null && found[0]?.item.unavailable) throw page.failure;
  const total = isNested || root.playlist_count === null ? null : Math.round(root.playlist_count);
  const title = cleanTitle(root.title ?? '').slice(0, MAX_NAME_CHARS) || null;
  return { title, found, more, total, truncated };
}

class PageBuilder {
  readonly found: FoundItem[] = [];
  readonly more: MoreItems[] = [];
  isNested = false;
  truncated = false;
  failure: SluiceError | null = null;
  readonly #canJoin: boolean;
  #bytes = 0;
  #isFull = false;

  constructor(canJoin: boolean) {
    this.#canJoin = canJoin;
  }

  addList(list: Info, entries: readonly unknown[], url: string, from: number, isInside: boolean): void {
    for (const [index, json] of entries.entries()) {
      // yt-dlp is asked for one more, to see whether there are more
      if (index >= MAX_ITEMS || this.#isFull) return this.#leave(url, from + index, isInside);
      if (typeof json !== 'object' || json === null) continue;
      const info = readInfo(json);
      if (info.entries !== null) this.#addInner(info, info.entries, list);
      else if (isList(info)) this.#addUnopened(info);
      else if (
        !this.#addEntry(info, json, {
          list,
          url,
          entries: entries.length,
          number: info.playlist_index ?? from + index,
        })
      ) {
        return this.#leave(url, from + index, isInside);
      }
    }
  }

  #addInner(info: Info, entries: readonly unknown[], outer: Info): void {
    this.isNested = true;
    const own = info.webpage_url;
    // Tabs that have the address of their channel cannot be asked for more.
    const url = isAddress(own) && own !== outer.webpage_url ? own : '';
    this.addList(info, entries, url, 1, true);
  }

  #addUnopened({ url }: Info): void {
    this.isNested = true;
    if (isAddress(url)) this.more.push({ url, from: 1, isInside: true });
  }

  #leave(url: string, from: number, isInside: boolean): void {
    if (url === '') this.truncated = true;
    else this.more.push({ url, from, isInside });
  }

  /** @returns false = the page is full */
  #addEntry(info: Info, json: object, place: EntryPlace): boolean {
    if (this.found.length >= MAX_ITEMS) return this.#stop();
    const found = this.#itemOf(info, json, place);
    if (found === null) return true;
    const bytes = Buffer.byteLength(JSON.stringify(found.item));
    if (this.found.length > 0 && this.#bytes + bytes > MAX_LIST_PAGE_BYTES) return this.#stop();
    this.#bytes += bytes;
    this.found.push(found);
    return true;
  }

  #stop(): false {
    this.#isFull = true;
    return false;
  }

  #itemOf(info: Info, json: object, place: EntryPlace): FoundItem | null {
    const url = addressOf(info, place);
    if (url === null) return null;
    if (info.formats === null) {
      const hasPage = isAddress(info.url) || isAddress(info.webpage_url);
      return hasPage ? { item: unopenedItem(info, url), info: null } : null;
    }
    try {
      return { item: openedItem(info, json, url, this.#canJoin).item, info: json };
    } catch (thrown) {
      const error = toSluiceError(thrown);
      this.failure ??= error;
      if (error.code === 'no_media') return null;
      const item: MediaItem = {
        ...commonFields(info, url),
        type: 'video',
        streams: [],
        unavailable: error.code,
      };
      return { item, info: null };
    }
  }
}

interface EntryPlace {
  list: Info;
  /** Of the list; empty = it has none. */
  url: string;
  /** Of the list, as far as it was listed. */
  entries: number;
  number: number;
}

/** Extractors whose addresses are lists, by the names that yt-dlp gives them. */
const LIST_EXTRACTOR =
  /(?:Tab|Playlists?|Channels?|Users?|Profile|Albums?|Series|Seasons?|Shows?|Collections?|Feed|Search|Lists?|Category|Tag|Podcast|Artist|Author|Favou?rites|Watchlater|Course)$/i;

function isList({ _type, ie_key }: Info): boolean {
  return _type.startsWith('url') && ie_key !== null && LIST_EXTRACTOR.test(ie_key);
}

function openedItem(info: Info, json: unknown, url: string, canJoin: boolean): FoundItem {
  if (info.is_live === true || info.live_status === 'is_upcoming') throw new SluiceError('live_stream');
  const { type, streams } = chooseStreams(info.formats ?? [], canJoin);
  if (streams.length === 0) throw new SluiceError(info._has_drm === true ? 'encrypted' : 'no_media');
  return { item: { ...commonFields(info, url), type, streams }, info: json };
}

/** An entry of a playlist that was listed without being opened: its streams are presets. */
function unopenedItem(info: Info, url: string): MediaItem {
  const streams = Object.entries(PRESETS).map(([id, { quality, ext }]) => {
    return { id, quality, bytes: null, ext, isDefault: id === 'best/any' };
  });
  const unavailable = refusalOf(info);
  const item: MediaItem = { ...commonFields(info, url), type: 'video', streams };
  return unavailable === null ? item : { ...item, unavailable };
}

/** `availability` of yt-dlp: https://github.com/yt-dlp/yt-dlp/blob/master/yt_dlp/extractor/common.py */
const AVAILABILITY: Record<string, ErrorCode> = {
  private: 'login_required',
  needs_auth: 'login_required',
  premium_only: 'members_only',
  subscriber_only: 'members_only',
};

/** Why an entry cannot be downloaded at present; YouTube lists what is gone under such titles. */
function refusalOf({ availability, live_status, is_live, _has_drm, title }: Info): ErrorCode | null {
  if (is_live === true || live_status === 'is_live' || live_status === 'is_upcoming') return 'live_stream';
  if (_has_drm === true) return 'encrypted';
  if (Object.hasOwn(AVAILABILITY, availability ?? '')) return AVAILABILITY[availability ?? ''] ?? null;
  if (title !== null && /^\[Private video\]$/i.test(title)) return 'login_required';
  if (title !== null && /^\[(Deleted|Unavailable|Removed) video\]$/i.test(title)) return 'remote_not_found';
  return null;
}

function commonFields(info: Info, url: string): Omit<MediaItem, 'type' | 'streams'> {
  const name = info.extractor ?? info.ie_key ?? '';
  // Generic extractors have no site name, so the host is used.
  const site = /^(generic|html5)?$/i.test(name)
    ? (parseUrl(url)?.hostname ?? '')
    : (name.split(':')[0] ?? '');
  return {
    id: truncated(info.id ?? ''),
    url,
    site: truncated(site),
    title: truncated(info.title ?? info.id ?? url),
  };
}

/** The entry's own page if it has one, else its number on the listed page; null = neither. */
function addressOf(entry: Info, { list, url, entries, number }: EntryPlace): string | null {
  if (entry._type.startsWith('url') && isAddress(entry.url)) return entry.url;
  const own = entry.webpage_url;
  if (isAddress(own) && own !== list.webpage_url && own !== url) return own;
  if (url === '') return null;
  return entries === 1 && number === 1 ? url : withItem(url, number);
}

function isAddress(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url) && parseUrl(url) !== null;
}

function truncated(text: string): string {
  return text.slice(0, MAX_NAME_CHARS).toWellFormed();
}
