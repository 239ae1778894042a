/** Finds the media of a page: players, social tags, structured data, links. Pure. */
import { looksLikeMedia } from '../../protocol/extension.ts';
import { isFetchable, parseUrl } from '../../protocol/url.ts';
import { AddressResolver } from '../address-resolver.ts';
import { MAX_PAGE_RESOLVED_CHARS, MAX_SOURCES, MAX_TEXT_CHARS, MAX_TITLE_CHARS } from '../limits.ts';
import { decodeText } from '../text.ts';
import { listedGroups, type PageGroup, type PageSource } from './groups.ts';
import { JsonLd } from './json-ld.ts';
import { type Attributes, readTags, type TagHandler } from './tags.ts';

export type { PageGroup, PageSource };

export interface PageScan {
  title: string | null;
  site: string | null;
  groups: PageGroup[];
  /** The page has more than `groups` holds. */
  truncated: boolean;
}

export interface PageInput {
  /** UTF-8. */
  chunks: readonly Uint8Array[];
  /** Its address, after redirects. */
  url: string;
}

/** Never throws. */
export function readPage({ chunks, url }: PageInput): PageScan {
  return scanPage(decodeText(chunks), new URL(url));
}

/** As `readPage`. */
export function scanPage(html: string, url: URL): PageScan {
  const scanner = new PageScanner(url);
  readTags(html, ATTRIBUTES, scanner);
  return scanner.end();
}

/** Attributes that are read. */
const ATTRIBUTES = new Set(
  `aria-label content data-quality data-res height href label name property res size src title type`.split(
    ' ',
  ),
);
const SOCIAL = /^(og:(video|audio)(:url|:secure_url)?|twitter:player:stream)$/;

class PageScanner implements TagHandler {
  readonly #page = { title: '', ogTitle: '', site: '' };
  readonly #players: PageGroup[] = [];
  readonly #structured: PageGroup[] = [];
  readonly #social: PageGroup[] = [];
  readonly #links: PageGroup[] = [];
  readonly #jsonLd = new JsonLd();
  readonly #addresses: AddressResolver;
  #hasBase = false;
  /** Number of open elements, by name. */
  readonly #open = new Map<string, number>();
  /** The open player. `depth`: elements open in it; an end tag at depth 0 closes the player or its parent. */
  #player: { group: PageGroup; depth: number } | null = null;
  /** The open link. */
  #link: { href: string; text: string; depth: number } | null = null;
  /** The open title, or script with structured data. */
  #raw: { tag: 'title' | 'script'; text: string } | null = null;

  constructor(url: URL) {
    this.#addresses = new AddressResolver(url, MAX_PAGE_RESOLVED_CHARS);
  }

  get wantsText(): boolean {
    return this.#raw !== null || this.#link !== null;
  }

  opened(tag: string, attributes: Attributes, isEmpty: boolean): void {
    if (!isEmpty) {
      this.#open.set(tag, (this.#open.get(tag) ?? 0) + 1);
      if (this.#player) this.#player.depth++;
      if (this.#link) this.#link.depth++;
    }
    if (tag === 'base') this.#setBase(attributes.get('href'));
    else if (tag === 'meta') this.#meta(attributes);
    else if (tag === 'video' || tag === 'audio') this.#openPlayer(attributes);
    else if (tag === 'source' && this.#player) this.#addSource(this.#player.group, attributes);
    else if (tag === 'a') this.#openLink(attributes);
    else if (tag === 'title' && this.#page.title === '') this.#raw = { tag, text: '' };
    else if (tag === 'script' && /ld\+json/i.test(attributes.get('type') ?? ''))
      this.#raw = { tag, text: '' };
  }

  closed(tag: string): void {
    const open = this.#open.get(tag) ?? 0;
    // An end tag without a start tag.
    if (open === 0) return;
    this.#open.set(tag, open - 1);
    if (this.#raw?.tag === tag) this.#endRaw();
    if (this.#player && this.#player.depth-- <= 0) this.#player = null;
    if (tag === 'video' || tag === 'audio') this.#player = null;
    if (this.#link && (this.#link.depth-- <= 0 || tag === 'a')) this.#endLink();
  }

  text(text: string): void {
    if (this.#raw) this.#raw.text += text;
    else if (this.#link && this.#link.text.length < MAX_TEXT_CHARS) this.#link.text += text;
  }

  end(): PageScan {
    this.#endRaw();
    this.#endLink();
    const { title, ogTitle, site } = this.#page;
    const groups = [...this.#players, ...this.#structured, ...this.#social, ...this.#links];
    const listed = listedGroups(groups);
    return {
      title: cleanText(ogTitle) ?? cleanText(title),
      site: cleanText(site),
      groups: listed.groups,
      truncated: listed.truncated || this.#addresses.isExhausted,
    };
  }

  /** Only the first counts (https://html.spec.whatwg.org/#the-base-element). */
  #setBase(href: string | undefined): void {
    if (this.#hasBase || href === undefined) return;
    this.#hasBase = true;
    this.#addresses.base = parseUrl(href, this.#addresses.base) ?? this.#addresses.base;
  }

  #meta(attributes: Attributes): void {
    const name = (attributes.get('property') ?? attributes.get('name') ?? '').toLowerCase();
    const content = attributes.get('content');
    if (name === 'og:title') this.#page.ogTitle ||= content ?? '';
    else if (name === 'og:site_name') this.#page.site ||= content ?? '';
    else if (SOCIAL.test(name)) this.#add(this.#social, null, this.#resolve(content));
  }

  #openPlayer(attributes: Attributes): void {
    const group = { title: cleanText(attributes.get('title') ?? attributes.get('aria-label')), sources: [] };
    this.#player = { group, depth: 0 };
    this.#addSource(group, attributes);
  }

  #addSource(group: PageGroup, attributes: Attributes): void {
    if (group.sources.length >= MAX_SOURCES) return;
    const address = this.#resolve(attributes.get('src'));
    if (address === null) return;
    const height = heightOf(attributes, address);
    const label = cleanText(attributes.get('label') ?? attributes.get('title'));
    // A player without a source is not listed.
    if (group.sources.length === 0) this.#players.push(group);
    group.sources.push({
      url: address.href,
      label: label ?? (height === null ? null : `${height}p`),
      height,
    });
  }

  /** Links cannot be nested, so an open one ends. */
  #openLink(attributes: Attributes): void {
    this.#endLink();
    const href = attributes.get('href')?.trim() ?? '';
    // Most links do not lead to media, which shows before they are resolved.
    if (!looksLikeMedia(href.split(/[?#]/, 1)[0] ?? '')) return;
    const address = this.#resolve(href);
    if (address !== null) this.#link = { href: address.href, text: '', depth: 0 };
  }

  #endLink(): void {
    const link = this.#link;
    this.#link = null;
    if (link) this.#add(this.#links, cleanText(link.text), new URL(link.href));
  }

  #endRaw(): void {
    const raw = this.#raw;
    this.#raw = null;
    if (raw?.tag === 'title') this.#page.title ||= raw.text;
    if (raw?.tag !== 'script') return;
    for (const { name, contentUrl } of this.#jsonLd.read(raw.text))
      this.#add(this.#structured, cleanText(name), this.#resolve(contentUrl));
  }

  #add(to: PageGroup[], title: string | null, address: URL | null): void {
    if (address !== null) to.push({ title, sources: [{ url: address.href, label: null, height: null }] });
  }

  /** Null for an address that may not be fetched. */
  #resolve(text: string | undefined): URL | null {
    const trimmed = text?.trim() ?? '';
    const found = trimmed === '' ? null : this.#addresses.resolve(trimmed);
    if (found === null) return null;
    found.hash = '';
    return isFetchable(found) ? found : null;
  }
}

function heightOf(attributes: Attributes, { pathname }: URL): number | null {
  for (const name of ['size', 'res', 'data-res', 'data-quality', 'height', 'label']) {
    const match = /^\s*(\d{3,4})p?\s*$/i.exec(attributes.get(name) ?? '');
    if (match) return Number(match[1]);
  }
  const inName = /(?:^|\D)(\d{3,4})p(?:\D|$)/i.exec(pathname);
  return inName ? Number(inName[1]) : null;
}

function cleanText(text: string | undefined | null): string | null {
  const plain = (text ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE_CHARS);
  return plain.toWellFormed() || null;
}
