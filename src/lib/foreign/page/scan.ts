/** Finds the media of a page: players, social tags, structured data, links. Pure. */
import { looksLikeMedia } from '../../protocol/extension.ts';
import { policyInMeta, policyNamed, type ReferrerPolicy } from '../../protocol/referrer-policy.ts';
import { isFetchable, parseUrl } from '../../protocol/url.ts';
import { AddressResolver } from '../address-resolver.ts';
import { MAX_PAGE_RESOLVED_CHARS, MAX_SCRIPT_ADDRESSES, MAX_SOURCES } from '../limits.ts';
import { cleanText } from './clean-text.ts';
import {
  ATTRIBUTES,
  dataAddresses,
  INNER_ATTRIBUTES,
  isMediaLink,
  lazyAddress,
  mayBePage,
  mediaAt,
  mediaIn,
  PLAYERS,
  scriptsIn,
} from './data-attributes.ts';
import { policyOf } from './element-policy.ts';
import { PageFrames } from './frames.ts';
import { listedGroups, type PageGroup, type PageSource } from './groups.ts';
import { heightOf } from './height.ts';
import { JsonLd } from './json-ld.ts';
import { PageLinks } from './links.ts';
import { Microdata } from './microdata.ts';
import { OpenGraph } from './open-graph.ts';
import type { PageScan } from './page-scan.ts';
import { refreshTarget } from './refresh.ts';
import { addressesIn } from './script-addresses.ts';
import { type Attributes, readTags, type TagHandler } from './tags.ts';

export type { PageGroup, PageScan, PageSource };

/** Never throws. */
export function scanPage(
  html: string,
  url: URL,
  refresh: string | null = null,
  referrerPolicy: ReferrerPolicy | null = null,
): PageScan {
  const addresses = new AddressResolver(url, MAX_PAGE_RESOLVED_CHARS);
  const scanner = new PageScanner(addresses, refresh, referrerPolicy);
  readTags(html, ATTRIBUTES, scanner);
  return scanner.end();
}

class PageScanner implements TagHandler {
  readonly #page: { address: string; title: string; ogTitle: string; site: string };
  readonly #players: PageGroup[] = [];
  readonly #structured: PageGroup[] = [];
  readonly #social: PageGroup[] = [];
  /** From scripts: listed if there is nothing but links. */
  readonly #scripted: PageGroup[] = [];
  readonly #frames = new PageFrames();
  #refresh: string | null;
  #referrerPolicy: ReferrerPolicy | null;
  readonly #microdata = new Microdata();
  readonly #openGraph = new OpenGraph();
  readonly #links = new PageLinks((href) => this.#resolve(href));
  readonly #jsonLd = new JsonLd();
  readonly #addresses: AddressResolver;
  #hasBase = false;
  /** Number of open elements, by name. */
  readonly #open = new Map<string, number>();
  /** The open player. `depth`: elements open in it; an end tag at depth 0 closes the player or its parent. */
  #player: { group: PageGroup; depth: number } | null = null;
  /** The open title, or script with structured data. */
  #raw: { tag: 'title' | 'script'; isStructured: boolean; text: string } | null = null;

  /** @param refresh the Refresh field; @param policy that of the head */
  constructor(addresses: AddressResolver, refresh: string | null, policy: ReferrerPolicy | null) {
    this.#referrerPolicy = policy;
    this.#page = { address: addresses.base.href.split('#', 1)[0] ?? '', title: '', ogTitle: '', site: '' };
    this.#addresses = addresses;
    this.#refresh = refresh === null ? null : this.#refreshTo(refresh);
  }

  get wantsText(): boolean {
    return this.#raw !== null || this.#links.wantsText;
  }

  opened(tag: string, attributes: Attributes, isEmpty: boolean): void {
    if (!isEmpty) {
      this.#open.set(tag, (this.#open.get(tag) ?? 0) + 1);
      if (this.#player) this.#player.depth++;
      this.#links.deeper();
    }
    const named = this.#microdata.opened(tag, attributes, isEmpty, this.#open.get(tag) ?? 0);
    if (named?.isPage === true) this.#frames.add(this.#resolve(named.address));
    else if (named) this.#add(this.#structured, null, this.#resolve(named.address));
    if (attributes.size > 0) this.#addData(tag, attributes);
    if (tag === 'base') this.#setBase(attributes.get('href'));
    else if (tag === 'meta') this.#meta(attributes);
    else if (isPlayer(tag, attributes)) this.#openPlayer(attributes);
    else if (tag === 'source' && this.#player) this.#addSource(this.#player.group, attributes);
    else if (tag === 'source' || tag === 'img') this.#addAll(mediaAt(attributes.get('src') ?? ''));
    else if (tag === 'a' || tag === 'area')
      this.#links.open(attributes, this.#page.title, this.#addresses.base);
    else if (tag === 'title' && this.#page.title === '') this.#raw = { tag, isStructured: false, text: '' };
    else if (tag === 'script')
      this.#raw = { tag, isStructured: /ld\+json/i.test(attributes.get('type') ?? ''), text: '' };
    else if (tag === 'iframe' || tag === 'frame') this.#addFrame(attributes);
    else if (tag === 'link' && isMediaLink(attributes))
      this.#add(this.#social, null, this.#resolve(attributes.get('href')), policyOf(attributes));
    else if (tag === 'embed' || tag === 'object') this.#addEmbedded(attributes);
  }

  closed(tag: string): void {
    const open = this.#open.get(tag) ?? 0;
    // An end tag without a start tag.
    if (open === 0) return;
    this.#open.set(tag, open - 1);
    this.#microdata.closed(tag, open);
    if (this.#raw?.tag === tag) this.#endRaw();
    if (this.#player && this.#player.depth-- <= 0) this.#player = null;
    if (PLAYERS.has(tag)) this.#player = null;
    this.#links.closed(tag);
  }

  text(text: string): void {
    if (this.#raw) this.#raw.text += text;
    else this.#links.text(text);
  }

  end(): PageScan {
    this.#endRaw();
    this.#links.end();
    this.#endShared();
    const { title, ogTitle, site } = this.#page;
    const meant = [...this.#players, ...this.#structured, ...this.#social];
    const found = meant.length === 0 ? this.#scripted : meant;
    const links = this.#links.groups(this.#addresses.base, found.length === 0);
    const listed = listedGroups([...found, ...links]);
    return {
      title: cleanText(ogTitle) ?? cleanText(title),
      site: cleanText(site),
      groups: listed.groups,
      truncated: listed.truncated || this.#addresses.isExhausted,
      refresh: this.#refresh,
      frames: this.#frames.list,
      referrerPolicy: this.#referrerPolicy,
      isFeed: false,
    };
  }

  /** Only the first counts (https://html.spec.whatwg.org/#the-base-element). */
  #setBase(href: string | undefined): void {
    if (this.#hasBase || href === undefined) return;
    this.#hasBase = true;
    const base = parseUrl(href, this.#addresses.base);
    if (base !== null && isFetchable(base)) this.#addresses.base = base;
  }

  #meta(attributes: Attributes): void {
    const name = (attributes.get('property') ?? attributes.get('name') ?? '').toLowerCase();
    const content = attributes.get('content');
    if (name === 'referrer') this.#referrerPolicy = policyInMeta(content) ?? this.#referrerPolicy;
    else if (name === 'og:title') this.#page.ogTitle ||= content ?? '';
    else if (name === 'og:site_name') this.#page.site ||= content ?? '';
    else if (attributes.get('http-equiv')?.toLowerCase() === 'refresh')
      this.#refresh ??= this.#refreshTo(content ?? '');
    else if (name === 'twitter:player') this.#frames.add(this.#resolve(content));
    else if (name === 'twitter:player:stream') this.#add(this.#social, null, this.#resolve(content));
    else this.#openGraph.add(name, content ?? '');
  }

  #endShared(): void {
    const { media, pages } = this.#openGraph.end();
    for (const address of media) this.#add(this.#social, null, this.#resolve(address));
    for (const address of pages) {
      const page = this.#resolve(address);
      if (page !== null && mayBePage(page)) this.#frames.add(page);
    }
  }

  #openPlayer(attributes: Attributes): void {
    const group = { title: cleanText(attributes.get('title') ?? attributes.get('aria-label')), sources: [] };
    this.#player = { group, depth: 0 };
    this.#addSource(group, attributes);
  }

  #refreshTo(text: string): string | null {
    // Others reload themselves.
    return this.#resolve(refreshTarget(text) ?? undefined)?.href ?? null;
  }

  #addFrame(attributes: Attributes): void {
    const html = attributes.get('srcdoc');
    if (html !== undefined) return this.#addInner(html);
    const address = this.#resolve(attributes.get('src')) ?? this.#resolveLazy(attributes);
    this.#frames.add(address, policyNamed(attributes.get('referrerpolicy')));
    // A player that is told what to play.
    if (address !== null) this.#addAll(mediaIn(address.search.slice(1)));
  }

  #addInner(html: string): void {
    const inner = new PageScanner(this.#addresses, null, this.#referrerPolicy);
    const { base } = this.#addresses;
    readTags(html, INNER_ATTRIBUTES, inner);
    this.#social.push(...inner.end().groups);
    this.#addresses.base = base;
  }

  #addEmbedded(attributes: Attributes): void {
    this.#addAll(mediaIn(attributes.get('flashvars') ?? ''));
    const address = this.#resolve(attributes.get('src') ?? attributes.get('data'));
    if (address === null) return;
    if (looksLikeMedia(address.pathname)) this.#add(this.#social, null, address);
    else if (mayBePage(address)) this.#frames.add(address);
  }

  /** Of any element: an address, a configuration, or a script. */
  #addData(tag: string, attributes: Attributes): void {
    for (const script of scriptsIn(attributes)) this.#addScripted(script);
    if (tag === 'param') this.#addAll(mediaIn(attributes.get('value') ?? ''));
    if (!PLAYERS.has(tag) && tag !== 'source') this.#addAll(dataAddresses(attributes));
  }

  #addAll(addresses: readonly string[]): void {
    for (const address of addresses)
      if (this.#scripted.length < MAX_SCRIPT_ADDRESSES)
        this.#add(this.#scripted, null, this.#resolve(address));
  }

  #addScripted(script: string): void {
    // They would not be listed.
    if (this.#players.length > 0 || this.#structured.length > 0) return;
    const limit = MAX_SCRIPT_ADDRESSES - this.#scripted.length;
    for (const address of addressesIn(script, limit)) this.#add(this.#scripted, null, this.#resolve(address));
  }

  #addSource(group: PageGroup, attributes: Attributes): void {
    if (group.sources.length >= MAX_SOURCES) return;
    const address = this.#resolve(attributes.get('src')) ?? this.#resolveLazy(attributes);
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

  #endRaw(): void {
    const raw = this.#raw;
    this.#raw = null;
    if (raw?.tag === 'title') this.#page.title ||= raw.text;
    if (raw?.tag !== 'script') return;
    if (!raw.isStructured) return this.#addScripted(raw.text);
    const found = this.#jsonLd.read(raw.text);
    if (found === null) return this.#addScripted(raw.text);
    for (const { name, address, isPage } of found) {
      if (isPage) this.#frames.add(this.#resolve(address));
      else this.#add(this.#structured, cleanText(name), this.#resolve(address));
    }
  }

  #add(to: PageGroup[], title: string | null, address: URL | null, more: Partial<PageGroup> = {}): void {
    if (address !== null)
      to.push({ ...more, title, sources: [{ url: address.href, label: null, height: null }] });
  }

  /** Of what is loaded only when it comes into view. */
  #resolveLazy(attributes: Attributes): URL | null {
    return this.#resolve(attributes.get('data-src') ?? lazyAddress(attributes));
  }

  /** Null for an address that may not be fetched. */
  #resolve(text: string | undefined): URL | null {
    const trimmed = text?.trim() ?? '';
    const found = trimmed === '' ? null : this.#addresses.resolve(trimmed);
    if (found === null) return null;
    found.hash = '';
    // The page itself is none of its media.
    return isFetchable(found) && found.href !== this.#page.address ? found : null;
  }
}

/** Also of a site's own elements, as `plyr-video`. */
function isPlayer(tag: string, attributes: Attributes): boolean {
  if (PLAYERS.has(tag)) return true;
  return tag.includes('-') && looksLikeMedia(attributes.get('src')?.split(/[?#]/, 1)[0] ?? '');
}
