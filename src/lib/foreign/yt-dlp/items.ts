/** From what yt-dlp found at an address to the items of a listing. */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { MediaItem } from '../../protocol/media.ts';
import { parseUrl } from '../../protocol/url.ts';
import { MAX_ITEMS, MAX_NAME_CHARS } from '../limits.ts';
import { offerOf } from './formats.ts';
import { type Info, readInfo } from './info.ts';
import { withItem } from './item-url.ts';
import { PRESETS } from './presets.ts';

export interface FoundItem {
  item: MediaItem;
  /** What `--load-info-json` takes, so that a download need not look again; null = it was not opened. */
  info: unknown;
}

/**
 * @throws SluiceError `no_media`, `live_stream`, `encrypted`, `engine_output`
 */
export function itemsOf(json: unknown, pageUrl: string, canJoin: boolean): FoundItem[] {
  const root = readInfo(json);
  if (root.entries === null) return [single(root, json, pageUrl, canJoin)];
  const entries = root.entries.flatMap((entry) =>
    isObject(entry) ? [{ info: readInfo(entry), json: entry }] : [],
  );
  const failures: SluiceError[] = [];
  const found = entries.slice(0, MAX_ITEMS).flatMap(({ info, json: entry }, index) => {
    const url = addressOf(info, root, entries.length, index, pageUrl);
    if (info.formats === null) {
      const hasPage = isAddress(info.url) || isAddress(info.webpage_url);
      return hasPage ? [{ item: unopened(info, url), info: null }] : [];
    }
    try {
      return [single(info, entry, url, canJoin)];
    } catch (thrown) {
      failures.push(toSluiceError(thrown));
      return [];
    }
  });
  if (found.length > 0) return found;
  throw failures[0] ?? new SluiceError('no_media');
}

function single(info: Info, json: unknown, url: string, canJoin: boolean): FoundItem {
  if (info.is_live === true || info.live_status === 'is_upcoming') throw new SluiceError('live_stream');
  const { type, streams } = offerOf(info.formats ?? [], canJoin);
  if (streams.length === 0) throw new SluiceError(info._has_drm === true ? 'encrypted' : 'no_media');
  return { item: { ...basics(info, url), type, streams }, info: json };
}

/** An entry of a playlist that was listed without being opened: its streams are wishes. */
function unopened(info: Info, url: string): MediaItem {
  const streams = Object.entries(PRESETS).map(([id, { quality, ext }]) => {
    return { id, quality, bytes: null, ext, isDefault: id === 'best/any' };
  });
  return { ...basics(info, url), type: 'video', streams };
}

function basics(info: Info, url: string): Omit<MediaItem, 'type' | 'streams'> {
  const name = info.extractor ?? info.ie_key ?? '';
  // The generic extractors name no site: the host does.
  const site = /^(generic|html5)?$/i.test(name)
    ? (parseUrl(url)?.hostname ?? '')
    : (name.split(':')[0] ?? '');
  return {
    id: word(info.id ?? ''),
    url,
    site: word(site),
    title: word(info.title ?? info.id ?? url),
  };
}

/** An entry's own page where it has one, else its number on the page where it was found. */
function addressOf(entry: Info, root: Info, entries: number, index: number, pageUrl: string): string {
  if (entry._type.startsWith('url') && isAddress(entry.url)) return entry.url;
  const own = entry.webpage_url;
  if (isAddress(own) && own !== root.webpage_url && own !== pageUrl) return own;
  return entries === 1 ? pageUrl : withItem(pageUrl, entry.playlist_index ?? index + 1);
}

function isAddress(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url) && parseUrl(url) !== null;
}

function word(text: string): string {
  return text.slice(0, MAX_NAME_CHARS).toWellFormed();
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
