/** The episodes of a podcast: RSS 2.0 (also with Yahoo's `media:content`), RSS 1.0 and Atom. Pure. */
import { looksLikeMedia } from '../../protocol/extension.ts';
import { isFetchable } from '../../protocol/url.ts';
import { AddressResolver } from '../address-resolver.ts';
import { MAX_PAGE_RESOLVED_CHARS, MAX_SOURCES, MAX_TEXT_CHARS } from '../limits.ts';
import { cleanText } from './clean-text.ts';
import { withoutEntities } from './entities.ts';
import { secondsIn, sizeOf } from './feed-numbers.ts';
import { listedGroups, type PageGroup } from './groups.ts';
import type { PageScan } from './page-scan.ts';
import { type Attributes, readTags, type TagHandler } from './tags.ts';

const ATTRIBUTES = new Set(
  'duration enc:type enc:url filesize href length medium rdf:resource rel type url xml:base'.split(' '),
);
/** An item is three elements deep, in Atom two. */
const MAX_DEPTH = 8;

interface Item {
  title: string | null;
  seconds: number | null;
  enclosed: PageGroup['sources'];
  others: PageGroup['sources'];
}

const TITLES = new Set(['title', 'itunes:title']);
/** Atom's elements, which some feeds give a prefix. */
const plain = (name: string): string => name.replace(/^atom:/, '');

/** Never throws. */
export function scanFeed(text: string, url: URL): PageScan {
  const scanner = new FeedScanner(url);
  readTags(text, ATTRIBUTES, scanner, { isXml: true });
  return scanner.end();
}

class FeedScanner implements TagHandler {
  readonly #addresses: AddressResolver;
  readonly #groups: PageGroup[] = [];
  /** Of the feed. */
  #base: URL;
  #title: string | null = null;
  #item: Item | null = null;
  /** Names of open elements; deeper ones are not read. */
  readonly #open: string[] = [];
  #depth = 0;
  /** Of the open title or duration. */
  #text: string | null = null;

  constructor(url: URL) {
    this.#base = url;
    this.#addresses = new AddressResolver(url, MAX_PAGE_RESOLVED_CHARS);
  }

  get wantsText(): boolean {
    return this.#text !== null;
  }

  opened(name: string, attributes: Attributes, isEmpty: boolean): void {
    const tag = plain(name);
    const isItem = tag === 'item' || tag === 'entry';
    if (isItem) this.#endItem();
    if (isItem) this.#item = { title: null, seconds: null, enclosed: [], others: [] };
    this.#setBase(attributes.get('xml:base'), isItem);
    if ((TITLES.has(tag) || tag === 'itunes:duration') && this.#isOfItem()) this.#text = '';
    else if (tag === 'enclosure' || tag === 'enc:enclosure')
      this.#add(
        'enclosed',
        attributes.get('url') ?? attributes.get('enc:url') ?? attributes.get('rdf:resource'),
        attributes,
      );
    else if (tag === 'link' && attributes.get('rel') === 'enclosure')
      this.#add('enclosed', attributes.get('href'), attributes);
    else if (tag === 'media:content') this.#add('others', attributes.get('url'), attributes);
    if (isEmpty) return;
    this.#depth++;
    if (this.#open.length < MAX_DEPTH) this.#open.push(tag);
  }

  closed(name: string): void {
    const tag = plain(name);
    if (this.#text !== null) this.#endText(tag, this.#text);
    if (tag === 'item' || tag === 'entry') this.#endItem();
    this.#depth = Math.max(0, this.#depth - 1);
    this.#open.length = Math.min(this.#open.length, this.#depth);
  }

  #endText(tag: string, text: string): void {
    if (tag === 'itunes:duration' && this.#item) this.#item.seconds ??= secondsIn(text);
    else if (TITLES.has(tag) && this.#item) this.#item.title ??= cleanText(withoutEntities(text));
    else if (TITLES.has(tag)) this.#title ??= cleanText(withoutEntities(text));
    else return;
    this.#text = null;
  }

  text(text: string): void {
    if (this.#text !== null && this.#text.length < MAX_TEXT_CHARS) this.#text += text;
  }

  end(): PageScan {
    this.#endItem();
    const listed = listedGroups(this.#groups);
    return {
      ...{
        title: this.#title,
        site: null,
        groups: listed.groups,
        refresh: null,
        frames: [],
        referrerPolicy: null,
        isFeed: true,
      },
      truncated: listed.truncated || this.#addresses.isExhausted,
    };
  }

  /** Not that of the channel's image, or of a person. */
  #isOfItem(): boolean {
    const parent = this.#open.at(-1) ?? '';
    return this.#depth === this.#open.length && ['item', 'entry', 'channel', 'feed'].includes(parent);
  }

  #add(to: 'enclosed' | 'others', address: string | undefined, attributes: Attributes): void {
    const sources = this.#item?.[to];
    const type = attributes.get('type') ?? attributes.get('enc:type') ?? attributes.get('medium') ?? '';
    if (!sources || address === undefined || sources.length >= MAX_SOURCES || /^image\b/i.test(type)) return;
    const url = this.#addresses.resolve(address.trim());
    if (url === null || !isFetchable(url)) return;
    if (to === 'others' && !/^(audio|video)\b/i.test(type) && !looksLikeMedia(url.pathname)) return;
    const size = sizeOf(attributes.get(to === 'others' ? 'filesize' : 'length'));
    sources.push({ url: url.href, label: null, height: null, ...size });
    if (this.#item) this.#item.seconds ??= secondsIn(attributes.get('duration'));
  }

  /** https://www.w3.org/TR/xmlbase/, of the feed and of each item. */
  #setBase(address: string | undefined, isItem: boolean): void {
    const base = address === undefined ? null : this.#addresses.resolve(address.trim());
    if (base !== null && isFetchable(base)) this.#addresses.base = base;
    if (this.#item === null) this.#base = this.#addresses.base;
    else if (isItem && base === null) this.#addresses.base = this.#base;
  }

  #endItem(): void {
    const item = this.#item;
    this.#item = null;
    this.#addresses.base = this.#base;
    if (!item) return;
    const sources = item.enclosed.length > 0 ? item.enclosed : item.others;
    const duration = item.seconds === null ? {} : { durationSeconds: item.seconds };
    if (sources.length > 0) this.#groups.push({ title: item.title, sources, ...duration });
  }
}
