/** Lists what is at an address: a file, an HLS stream, or the media of a page, as items with streams. */
import type { PageGroup, PageScan, PageSource } from '../../foreign/page/scan.ts';
import { distinctQualities, type Quality } from '../../foreign/distinct-qualities.ts';
import { MAX_LISTED_CHARS, MAX_VARIANTS } from '../../foreign/limits.ts';
import { charsOf } from '../../foreign/listed-items.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { MediaItem, MediaStream, ParseResult } from '../../protocol/media.ts';
import { PAGE_STREAM, type PageItself } from '../../protocol/page-itself.ts';
import { affectsAllHosts } from '../../protocol/unreachable.ts';
import { shortHash } from '../../protocol/short-hash.ts';
import type { ParseRequest } from '../engine.ts';
import { type HlsOptions, listStreams, ONLY_STREAM } from './hls/stream.server.ts';
import type { ListedSizes } from './memory/listed-sizes.ts';
import { MAX_IN_SESSION } from './memory/answers.server.ts';
import type { FirstAnswers } from './memory/first-answers.server.ts';
import type { Cookies } from './client/cookies.server.ts';
import type { FoundMedia } from './memory/found-media.ts';
import { extensionOf, fileNameFor, mediaTypeOf, nameInUrl, stemOf } from './head/names.ts';
import { follow, type FollowedPage, type Referrer, referrerOf } from './page/follow.server.ts';
import { bestSource, sourceId } from './page/source-id.ts';
import { type Probe, probe } from './probe.server.ts';

/** Players of a page whose sources are probed at a time. */
const CONCURRENCY = 4;

export interface ItemListOptions extends HlsOptions {
  /** Records the sizes of listed files. */
  listed: ListedSizes;
  /** Of this look-up. */
  cookies: Cookies;
  answers: FirstAnswers;
  session: string | null;
  /** Records where single addresses were found. */
  found: FoundMedia;
  /** ms after which the remaining players of a page are left out. */
  listMs: number;
}

type Listing = Pick<ParseResult, 'title' | 'items' | 'truncated' | 'page'>;

interface ProbedSource {
  source: PageSource;
  found: Probe;
  streams: MediaStream[];
}

/** @throws SluiceError `no_media`, `unsupported_url` (DASH), `live_stream`, `encrypted`, network codes */
export async function listItems(request: ParseRequest, options: ItemListOptions): Promise<Listing> {
  const { url, signal, onItems } = request;
  const lead = await follow(url, options, signal);
  const { probe: found, scan } = lead;
  options.listed.record(lead.url, found.version, performance.now());
  if (scan !== null) {
    if (scan.isFeed && scan.groups.length === 0) return { items: [itself(url, scan, lead)] };
    return pageItems(request, lead, scan, options);
  }
  const streams = await streamsOf(found, { ...options, client: options.client.withHeadTimeout() }, signal);
  const item = itemOf({ url, title: titleOf(found), site: new URL(url).hostname, found, streams });
  onItems?.([item]);
  return { items: [item] };
}

/** A feed without episodes is a file. */
function itself(url: string, scan: PageScan, lead: FollowedPage): MediaItem {
  const { ext, title, bytes } = pageItself(lead, scan);
  const streams = [{ id: PAGE_STREAM, quality: 'original', bytes, ext, isDefault: true }];
  const { probe: found } = lead;
  return { ...itemOf({ url, title, site: found.url.hostname, found, streams }), type: 'file' };
}

function pageItself({ url, probe: found, pageBytes: bytes }: FollowedPage, scan: PageScan): PageItself {
  const ext = extensionOf(found.name) || (scan.isFeed ? 'xml' : 'html');
  return { url, title: scan.title ?? titleOf(found), ext, bytes };
}

/** A title for a file or stream without one: its name, or its folder's if the name is generic. */
export function titleOf(found: Probe): string {
  const stem = stemOf(found.name);
  if (
    found.kind.kind !== 'manifest' ||
    !/^(master|index|main|playlist|manifest|chunklist\w*|prog_index)$/i.test(stem)
  ) {
    return stem;
  }
  const folder = nameInUrl(new URL('.', found.url));
  return folder || found.url.hostname;
}

async function streamsOf(found: Probe, options: HlsOptions, signal: AbortSignal): Promise<MediaStream[]> {
  const { kind } = found;
  if (kind.kind === 'file') {
    const ext = extensionOf(found.name) || 'bin';
    return [{ id: ONLY_STREAM, quality: 'original', bytes: kind.bytes, ext, isDefault: true }];
  }
  if (kind.kind === 'manifest' && kind.format === 'hls') return listStreams(found, options, signal);
  throw new SluiceError('unsupported_url');
}

function itemOf(of: {
  url: string;
  title: string;
  site: string;
  found: Probe;
  streams: MediaStream[];
  durationSeconds?: number | undefined;
}): MediaItem {
  const { url, title, site, found, streams, durationSeconds } = of;
  const type = found.kind.kind === 'file' ? mediaTypeOf(found.contentType, extensionOf(found.name)) : 'video';
  const duration = durationSeconds === undefined ? {} : { durationSeconds };
  return { id: shortHash(url + (streams[0]?.id ?? '')), url, site, title, type, ...duration, streams };
}

async function pageItems(
  request: ParseRequest,
  lead: FollowedPage,
  scan: PageScan,
  options: ItemListOptions,
): Promise<Listing> {
  const players = new PagePlayers(request, lead, scan, options);
  await players.list();
  const { items, isFull, next, firstFailure } = players;
  // In the order of the page; there are holes.
  const found = items.flat();
  const truncated = scan.truncated || isFull || next < scan.groups.length;
  const foundOn = { page: pageItself(lead, scan) };
  if (found.length > 0) {
    const title = scan.title === null ? {} : { title: scan.title };
    return { ...title, items: found, ...foundOn, ...(truncated ? { truncated } : {}) };
  }
  const why =
    firstFailure instanceof SluiceError && firstFailure.code !== 'unsupported_url'
      ? ` (${firstFailure.message})`
      : '';
  throw new SluiceError(
    'no_media',
    `There is no video, audio or file on that page${why}.`.replace('.).', '.)'),
    foundOn,
  );
}

/** The players of a page, some of which are probed at a time. */
class PagePlayers {
  readonly #request: ParseRequest;
  readonly #lead: FollowedPage;
  readonly #scan: PageScan;
  readonly #options: ItemListOptions;
  readonly #site: string;
  /** Answers of the first are kept for the download. */
  #keepsLeft = MAX_IN_SESSION;
  /** Of all items so far: each of 500 players may be a manifest of 500 qualities. */
  #chars = 0;
  readonly items: MediaItem[] = [];
  next = 0;
  firstFailure: unknown = null;
  isFull = false;

  constructor(request: ParseRequest, lead: FollowedPage, scan: PageScan, options: ItemListOptions) {
    [this.#request, this.#lead, this.#scan, this.#options] = [request, lead, scan, options];
    this.#site = scan.site ?? new URL(request.url).hostname;
  }

  async list(): Promise<void> {
    const deadlineMs = performance.now() + this.#options.listMs;
    await Promise.all(Array.from({ length: CONCURRENCY }, () => this.#listUntil(deadlineMs)));
  }

  async #listUntil(deadlineMs: number): Promise<void> {
    do {
      const index = this.next++;
      const group = this.#scan.groups[index];
      if (!group) return;
      const from = referrerOf(group, this.#lead);
      const probed: ProbedSource[] = [];
      for (const source of group.sources) {
        const one = await this.#probe(source, from);
        if (one) probed.push(one);
      }
      const item = groupItem(this.#request.url, this.#site, this.#scan, group, probed);
      if (item !== null) this.#add(item, index, group, from);
    } while (performance.now() < deadlineMs && !this.isFull);
  }

  #add(item: MediaItem, index: number, group: PageGroup, from: Referrer): void {
    if (item.url !== this.#request.url) this.#recordFound(item.url, group, from);
    this.#chars += charsOf(item);
    if (this.#chars > MAX_LISTED_CHARS && this.#chars > charsOf(item)) {
      this.isFull = true;
      return;
    }
    this.items[index] = item;
    this.#request.onItems?.([item]);
  }

  #recordFound(url: string, group: PageGroup, { page, policy }: Referrer): void {
    const { found, session, cookies } = this.#options;
    // Of many files, each of which is called `Download`, the server's names are better.
    const isOnly = this.#scan.groups.length === 1;
    const title = group.isLink && !isOnly ? null : (group.title ?? (isOnly ? this.#scan.title : null));
    const foundOn = { page: page.href, title, setsCookies: !cookies.isEmpty, referrerPolicy: policy };
    found.record(session, url, foundOn, performance.now());
  }

  async #probe(source: PageSource, { page, policy }: Referrer): Promise<ProbedSource | null> {
    if (this.#scan.isFeed && extensionOf(URL.parse(source.url)?.pathname ?? '') !== 'm3u8')
      return episodeOf(source);
    const { signal } = this.#request;
    const options = this.#options;
    try {
      const client = options.client.from(page, policy).withHeadTimeout();
      const kept = this.#keepsLeft-- > 0 ? options.answers : undefined;
      const found = await probe(client, source.url, signal, 'text', undefined, kept);
      options.listed.record(source.url, found.version, performance.now());
      return { source, found, streams: await streamsOf(found, { ...options, client }, signal) };
    } catch (thrown) {
      // a dead, private or unsupported source is left out; the reason is reported only if nothing is found
      signal.throwIfAborted();
      if (affectsAllHosts(thrown)) throw thrown;
      this.firstFailure ??= thrown;
      return null;
    }
  }
}

/** An episode as the feed says it is: hundreds of requests would show no more. */
function episodeOf(source: PageSource): ProbedSource | null {
  const url = URL.parse(source.url);
  if (url === null) return null;
  const name = fileNameFor(url, null, null);
  const found: Probe = {
    ...{ kind: { kind: 'file', contentType: null, bytes: null }, url, name, contentType: null },
    ...{ isMislabelled: false, charset: null, refresh: null, referrerPolicy: null },
    ...{ version: null, body: null },
  };
  const ext = extensionOf(name) || 'bin';
  const estimate = source.bytes === undefined ? {} : { estimatedBytes: source.bytes };
  return {
    source,
    found,
    streams: [{ id: ONLY_STREAM, quality: 'original', bytes: null, ...estimate, ext, isDefault: true }],
  };
}

function groupItem(
  pageUrl: string,
  site: string,
  scan: PageScan,
  group: PageGroup,
  probed: ProbedSource[],
): MediaItem | null {
  const [first, ...others] = probed;
  if (!first) return null;
  const title =
    group.title ?? (scan.groups.length === 1 && scan.title !== null ? scan.title : titleOf(first.found));
  const { source, found } = first;
  const { durationSeconds } = group;
  if (others.length === 0) {
    const streams = withDistinctQualities(first.streams.map((stream) => withLabel(stream, source, title)));
    return itemOf({ url: source.url, title, site, found, streams, durationSeconds });
  }
  const best = bestSource(probed.map((one) => one.source));
  const streams = probed.flatMap((one) =>
    one.streams.map((stream) => ({
      ...withLabel(stream, one.source, title),
      id: sourceId(one.source.url, stream.id === ONLY_STREAM ? null : stream.id),
      isDefault: one.source === best && stream.isDefault,
    })),
  );
  const listed = streams.filter(({ isDefault }, index) => isDefault || index < MAX_VARIANTS);
  return itemOf({
    ...{ url: pageUrl, title, site, found, durationSeconds },
    streams: withDistinctQualities(listed),
  });
}

/** A stream of a page, before it is distinguished from the others of its player. */
type LabelledStream = MediaStream & Quality;

/** Replaces `original` by the source's label, unless that repeats the item's title. */
function withLabel(stream: MediaStream, { label }: PageSource, title: string): LabelledStream {
  const own = label === title ? null : label;
  const quality = stream.quality === 'original' ? (own ?? stream.quality) : stream.quality;
  return { ...stream, quality, traits: [own === quality ? null : own, stream.ext] };
}

function withDistinctQualities(streams: readonly LabelledStream[]): MediaStream[] {
  const labels = distinctQualities(streams);
  return streams.map(({ traits: _, ...stream }, index) => ({
    ...stream,
    quality: labels[index] ?? stream.quality,
  }));
}
