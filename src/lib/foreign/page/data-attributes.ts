/** The attributes of a page that are read, and those in which players and scripts have what they are to load. Pure. */
import { extensionOf, IMAGE, looksLikeMedia } from '../../protocol/extension.ts';
import type { Attributes, KeptAttributes } from './tags.ts';

const MAX_ADDRESS_CHARS = 2048;

/** Where players and scripts that load late have an address; the first counts. */
const DATA_ADDRESSES = (
  'data-lazy-src data-lazy data-original data-video data-video-src data-video-url data-mp4 data-webm data-hls ' +
  'data-file data-stream data-url'
).split(' ');
/** Attributes that are read, besides all of scripts: `data-…`, and what is done at an event. */
const NAMED = new Set(
  (
    'aria-label as content data download flashvars height href http-equiv itemprop itemtype label name property ' +
    'referrerpolicy rel res size src srcdoc title type value x-data'
  ).split(' '),
);
const isOfScript = (name: string): boolean => /^(?:data-|on[a-z]|x-data$)/.test(name);
export const ATTRIBUTES: KeptAttributes = { has: (name) => NAMED.has(name) || isOfScript(name) };
/** In a page that is an attribute of another: one in it is ignored. */
export const INNER_ATTRIBUTES: KeptAttributes = {
  has: (name) => name !== 'srcdoc' && ATTRIBUTES.has(name),
};
/** HTML's, and custom ones that have the same attributes (video.js, AMP). */
export const PLAYERS = new Set(
  'video audio video-js amp-video amp-audio media-player mux-video hls-video'.split(' '),
);

/** Of what plays in no browser any more, or is no player. */
const NO_PAGES = new Set(['swf', 'pdf', 'svg', 'class', 'jar']);

/** Whether what a page embeds can be a page itself. */
export function mayBePage({ pathname }: URL): boolean {
  const ext = extensionOf(pathname);
  return !IMAGE.has(ext) && !NO_PAGES.has(ext);
}

/** Of what is loaded only when it comes into view, or is asked for. */
export function lazyAddress(attributes: Attributes): string | undefined {
  const name = DATA_ADDRESSES.find((each) => attributes.has(each));
  return (name === undefined ? undefined : attributes.get(name)) ?? dataAddresses(attributes)[0];
}

/** Addresses of media in attributes of any element: their names are the page's own. */
export function dataAddresses(attributes: Attributes): string[] {
  return [...attributes].flatMap(([name, value]) => (name.startsWith('data-') ? mediaAt(value) : []));
}

/** The address, if it looks like one of media. */
export function mediaAt(address: string): string[] {
  return looksLikeMedia(pathOf(address)) ? [address] : [];
}

/** A link element to media: fetched early, for sites that share the page, or in its place. */
export function isMediaLink(attributes: Attributes): boolean {
  const rel = (attributes.get('rel') ?? '').toLowerCase().split(/\s+/, 8);
  const isMedia = (name: string): boolean => /^(video|audio)(\/|$)/i.test(attributes.get(name)?.trim() ?? '');
  if (rel.includes('video_src') || (rel.includes('alternate') && isMedia('type'))) return true;
  if (!rel.some((each) => ['preload', 'prefetch', 'enclosure'].includes(each))) return false;
  return isMedia('as') || isMedia('type') || looksLikeMedia(pathOf(attributes.get('href') ?? ''));
}

/** Configurations, and what is done at an event. */
export function scriptsIn(attributes: Attributes): string[] {
  return [...attributes].flatMap(([name, value]) => {
    if (name === 'href') return /^\s*javascript:/i.test(value) ? [value] : [];
    if (!isOfScript(name)) return [];
    return name.startsWith('on') || /^\s*[[{]/.test(value) ? [value] : [];
  });
}

/** Addresses of media among the parameters of an address, or of a player that plays no more. */
export function mediaIn(query: string): string[] {
  return query.split('&', 50).flatMap((each) => {
    const value = decoded(each.slice(each.indexOf('=') + 1, MAX_ADDRESS_CHARS));
    return mediaAt(value);
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pathOf(address: string): string {
  return address.trim().split(/[?#]/, 1)[0] ?? '';
}
