/** What media a page speaks of: players, social tags, structured data, links. Pure. */
import { Parser } from 'htmlparser2';
import { checkUrl } from '../../../protocol/url.ts';
import { looksLikeMedia } from '../names.ts';
import { readJsonLd } from './json-ld.ts';

/** A gallery of some hundreds is listed whole; a list of more nobody reads to its end. */
const MAX_GROUPS = 500;
/** Each is a request to a server that never asked for it: no more than 50 players with 12 sources each would cost. */
const MAX_ADDRESSES = 600;
/** All of the list goes over a socket that is closed with 1 MiB unread: a third of that, for a character may be 3 bytes. */
const MAX_CHARS = 320 * 1024;
const MAX_SOURCES = 12;
const MAX_TITLE_CHARS = 300;

export interface PageSource {
  url: string;
  /** `720p`, as the page says; null = it does not. */
  label: string | null;
  /** Lines of picture; null = not said. */
  height: number | null;
}

/** One film or song, in one or more qualities. */
export interface PageGroup {
  title: string | null;
  sources: PageSource[];
}

export interface PageScan {
  title: string | null;
  site: string | null;
  groups: PageGroup[];
  /** The page has more than `groups` holds. */
  truncated: boolean;
}

type Attributes = Record<string, string>;

/** @param url where the page came from, after redirects */
export function scanPage(html: string, url: URL): PageScan {
  const page = { title: '', ogTitle: '', site: '' };
  const players: PageGroup[] = [];
  const named: PageGroup[] = [];
  const social: PageGroup[] = [];
  const links: PageGroup[] = [];
  let base = url;
  let player: PageGroup | null = null;
  let collecting: { into: 'title' | 'json' | 'link'; text: string; href: string } | null = null;

  /** The address, if it is one that may be fetched. */
  function resolve(text: string | undefined): string | null {
    const found = text === undefined || text.trim() === '' ? null : URL.parse(text.trim(), base);
    if (found === null) return null;
    found.hash = '';
    try {
      return checkUrl(found.href).href;
    } catch {
      return null;
    }
  }

  function addSource(group: PageGroup, attributes: Attributes): void {
    const address = resolve(attributes['src']);
    if (address === null || group.sources.length >= MAX_SOURCES) return;
    const height = heightOf(attributes, address);
    const label = tidy(attributes['label'] ?? attributes['title']) ?? (height === null ? null : `${height}p`);
    group.sources.push({ url: address, label, height });
  }

  function onMeta(attributes: Attributes): void {
    const name = (attributes['property'] ?? attributes['name'] ?? '').toLowerCase();
    const content = attributes['content'];
    if (name === 'og:title') page.ogTitle ||= content ?? '';
    else if (name === 'og:site_name') page.site ||= content ?? '';
    else if (/^(og:(video|audio)(:url|:secure_url)?|twitter:player:stream)$/.test(name)) {
      const address = resolve(content);
      if (address !== null)
        social.push({ title: null, sources: [{ url: address, label: null, height: null }] });
    }
  }

  function collected(): void {
    if (collecting === null) return;
    const { into, text, href } = collecting;
    collecting = null;
    if (into === 'title') page.title ||= text;
    else if (into === 'link')
      links.push({ title: tidy(text), sources: [{ url: href, label: null, height: null }] });
    else {
      for (const { name, contentUrl } of readJsonLd(text)) {
        const address = resolve(contentUrl);
        if (address !== null)
          named.push({ title: tidy(name), sources: [{ url: address, label: null, height: null }] });
      }
    }
  }

  const parser = new Parser({
    onopentag(tag, attributes) {
      if (tag === 'base') base = URL.parse(attributes['href'] ?? '', url) ?? base;
      else if (tag === 'meta') onMeta(attributes);
      else if (tag === 'video' || tag === 'audio') {
        player = { title: tidy(attributes['title'] ?? attributes['aria-label']), sources: [] };
        players.push(player);
        addSource(player, attributes);
      } else if (tag === 'source' && player) addSource(player, attributes);
      else if (tag === 'title' && page.title === '') collecting = { into: 'title', text: '', href: '' };
      else if (tag === 'script' && /ld\+json/i.test(attributes['type'] ?? '')) {
        collecting = { into: 'json', text: '', href: '' };
      } else if (tag === 'a') {
        const href = resolve(attributes['href']);
        if (href !== null && looksLikeMedia(new URL(href))) collecting = { into: 'link', text: '', href };
      }
    },
    ontext(text) {
      if (collecting) collecting.text += text;
    },
    onclosetag(tag) {
      if (tag === 'video' || tag === 'audio') player = null;
      if (tag === 'title' || tag === 'script' || tag === 'a') collected();
    },
  });
  parser.end(html);
  collected();
  const merged = merge([...players, ...named, ...social, ...links]);
  const groups = merged.slice(0, fitting(merged));
  return {
    title: tidy(page.ogTitle) ?? tidy(page.title),
    site: tidy(page.site),
    groups,
    truncated: groups.length < merged.length,
  };
}

/** How many of the groups stay within the bounds. */
function fitting(groups: readonly PageGroup[]): number {
  let addresses = 0;
  let chars = 0;
  const tooMany = groups.findIndex(({ title, sources }) => {
    addresses += sources.length;
    chars += title?.length ?? 0;
    for (const { url, label } of sources) chars += url.length + (label?.length ?? 0);
    return addresses > MAX_ADDRESSES || chars > MAX_CHARS;
  });
  return Math.min(MAX_GROUPS, tooMany === -1 ? groups.length : tooMany);
}

/** One group for each address: later mentions only add a title that was missing. */
function merge(groups: readonly PageGroup[]): PageGroup[] {
  const owner = new Map<string, PageGroup>();
  const merged: PageGroup[] = [];
  for (const { title, sources } of groups) {
    const fresh = sources.filter(
      ({ url }, i) => !owner.has(url) && sources.findIndex((each) => each.url === url) === i,
    );
    for (const { url } of sources) {
      const known = owner.get(url);
      if (known) known.title ??= title;
    }
    if (fresh.length === 0) continue;
    const group = { title, sources: fresh };
    merged.push(group);
    for (const { url } of fresh) owner.set(url, group);
  }
  return merged;
}

function heightOf(attributes: Attributes, address: string): number | null {
  for (const name of ['size', 'res', 'data-res', 'data-quality', 'height', 'label']) {
    const match = /^\s*(\d{3,4})p?\s*$/i.exec(attributes[name] ?? '');
    if (match) return Number(match[1]);
  }
  const inName = /(?:^|\D)(\d{3,4})p(?:\D|$)/i.exec(new URL(address).pathname);
  return inName ? Number(inName[1]) : null;
}

function tidy(text: string | undefined | null): string | null {
  const plain = (text ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE_CHARS);
  return plain.toWellFormed() || null;
}
