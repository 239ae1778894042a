/** Turns yt-dlp's info JSON into the items of a listing. */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { MediaItem } from '../../protocol/media.ts';
import { parseUrl } from '../../protocol/url.ts';
import { MAX_ITEMS, MAX_NAME_CHARS } from '../limits.ts';
import { chooseStreams } from './formats.ts';
import { type Info, readInfo } from './info.ts';
import { withItem } from './item-url.ts';
import { PRESETS } from './presets.ts';

export interface FoundItem {
  item: MediaItem;
  /** For `--load-info-json`, so that a download need not open the page again; null = it was not opened. */
  info: unknown;
}

/**
 * @throws SluiceError `no_media`, `live_stream`, `encrypted`, `engine_output`
 */
export function itemsOf(json: unknown, pageUrl: string, canJoin: boolean): FoundItem[] {
  const root = readInfo(json);
  if (root.entries === null) return [openedItem(root, json, pageUrl, canJoin)];
  const entries = root.entries.flatMap((entry) =>
    isObject(entry) ? [{ info: readInfo(entry), json: entry }] : [],
  );
  const failures: SluiceError[] = [];
  const found = entries.slice(0, MAX_ITEMS).flatMap(({ info, json: entry }, index) => {
    const url = addressOf(info, root, entries.length, index, pageUrl);
    if (info.formats === null) {
      const hasPage = isAddress(info.url) || isAddress(info.webpage_url);
      return hasPage ? [{ item: unopenedItem(info, url), info: null }] : [];
    }
    try {
      return [openedItem(info, entry, url, canJoin)];
    } catch (thrown) {
      failures.push(toSluiceError(thrown));
      return [];
    }
  });
  if (found.length > 0) return found;
  throw failures[0] ?? new SluiceError('no_media');
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
  return { ...commonFields(info, url), type: 'video', streams };
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

/** The entry's own page if it has one, else its number on the listed page. */
function addressOf(entry: Info, root: Info, entries: number, index: number, pageUrl: string): string {
  if (entry._type.startsWith('url') && isAddress(entry.url)) return entry.url;
  const own = entry.webpage_url;
  if (isAddress(own) && own !== root.webpage_url && own !== pageUrl) return own;
  return entries === 1 ? pageUrl : withItem(pageUrl, entry.playlist_index ?? index + 1);
}

function isAddress(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url) && parseUrl(url) !== null;
}

function truncated(text: string): string {
  return text.slice(0, MAX_NAME_CHARS).toWellFormed();
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
