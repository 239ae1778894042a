/** The attributes of a page that are read, and those in which players and scripts have what they are to load. Pure. */
import { extensionOf, IMAGE } from '../../protocol/extension.ts';
import type { Attributes } from './tags.ts';

/** Where players and scripts that load late have an address; the first counts. */
const DATA_ADDRESSES = (
  'data-lazy-src data-lazy data-original data-video data-video-src data-video-url data-mp4 data-webm data-hls ' +
  'data-file data-stream data-url'
).split(' ');
/** Where they have a configuration, in JSON. */
const DATA_SCRIPTS =
  'data-setup data-config data-options data-item data-sources data-player data-settings data-video-options data-props'.split(
    ' ',
  );
const SCRIPTS = new Set([...DATA_SCRIPTS, 'onclick']);
/** Attributes that are read. */
export const ATTRIBUTES = new Set(
  (
    'aria-label as content data data-quality data-res data-src download height href http-equiv itemprop itemtype label ' +
    'name onclick property referrerpolicy rel res size src srcdoc title type'
  )
    .split(' ')
    .concat(DATA_ADDRESSES, DATA_SCRIPTS),
);
/** In a page that is an attribute of another: one in it is ignored. */
export const INNER_ATTRIBUTES = new Set([...ATTRIBUTES].filter((name) => name !== 'srcdoc'));
/** HTML's, and custom ones that have the same attributes (video.js, AMP). */
export const PLAYERS = new Set(
  'video audio video-js amp-video amp-audio media-player mux-video hls-video'.split(' '),
);

/** Properties of meta elements that name media. */
export const SOCIAL = /^(og:(video|audio)(:url|:secure_url)?|twitter:player:stream)$/;

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
  return name === undefined ? undefined : attributes.get(name);
}

/** A link element to media: fetched early, for sites that share the page, or in its place. */
export function isMediaLink(attributes: Attributes): boolean {
  const rel = (attributes.get('rel') ?? '').toLowerCase().split(/\s+/, 8);
  const isMedia = (name: string): boolean => /^(video|audio)(\/|$)/i.test(attributes.get(name)?.trim() ?? '');
  if (rel.includes('preload')) return isMedia('as');
  return rel.includes('video_src') || (rel.includes('alternate') && isMedia('type'));
}

/** Its configurations, and what is done at a click. */
export function scriptsIn(attributes: Attributes): string[] {
  return [...attributes].flatMap(([name, value]) => (SCRIPTS.has(name) ? [value] : []));
}
