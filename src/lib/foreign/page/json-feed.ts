/** The episodes of a podcast as a JSON Feed (https://www.jsonfeed.org/version/1.1/: `attachments`). Pure. */
import { isFetchable } from '../../protocol/url.ts';
import { AddressResolver } from '../address-resolver.ts';
import { MAX_FEED_MARKS, MAX_PAGE_RESOLVED_CHARS, MAX_SOURCES, MAX_TEXT_CHARS } from '../limits.ts';
import { cleanText } from './clean-text.ts';
import { secondsIn, sizeOf } from './feed-numbers.ts';
import { listedGroups, type PageGroup, type PageSource } from './groups.ts';
import { marksIn } from './json-ld.ts';
import type { PageScan } from './page-scan.ts';

/** Never throws: one that is damaged, or too large to be parsed, is a feed without episodes. */
export function scanJsonFeed(text: string, url: URL): PageScan {
  const isTooLarge = marksIn(text, MAX_FEED_MARKS) > MAX_FEED_MARKS;
  const feed = isTooLarge ? {} : parse(text);
  const addresses = new AddressResolver(url, MAX_PAGE_RESOLVED_CHARS);
  const groups: PageGroup[] = [];
  for (const item of listOf(feed['items'])) {
    const attachments = listOf(item['attachments']);
    const sources = sourcesOf(attachments, addresses);
    const seconds = attachments
      .map((each) => secondsIn(each['duration_in_seconds']))
      .find((each) => each !== null);
    const duration = seconds === undefined ? {} : { durationSeconds: seconds };
    if (sources.length > 0) groups.push({ title: textOf(item['title']), sources, ...duration });
  }
  const listed = listedGroups(groups);
  return {
    ...{
      title: textOf(feed['title']),
      site: null,
      groups: listed.groups,
      refresh: null,
      frames: [],
      referrerPolicy: null,
    },
    ...{ isFeed: true, truncated: isTooLarge || listed.truncated || addresses.isExhausted },
  };
}

function sourcesOf(attachments: readonly Fields[], addresses: AddressResolver): PageSource[] {
  const sources: PageSource[] = [];
  for (const { url: address, mime_type: type, size_in_bytes: size } of attachments) {
    if (typeof address !== 'string' || sources.length >= MAX_SOURCES) continue;
    if (typeof type === 'string' && /^image\b/i.test(type)) continue;
    const url = addresses.resolve(address.trim());
    if (url === null || !isFetchable(url)) continue;
    sources.push({ url: url.href, label: null, height: null, ...sizeOf(size) });
  }
  return sources;
}

type Fields = Record<string, unknown>;

/** `JSON.parse` cannot be interrupted: see `JsonLd`. */
function parse(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text.replace(/^\ufeff/, ''))) ?? {};
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.flatMap<Fields>((each: unknown) => fieldsOf(each) ?? []) : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? cleanText(value.slice(0, MAX_TEXT_CHARS)) : null;
}
