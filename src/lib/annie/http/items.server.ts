/** What an address holds, as items with streams: a file, an HLS stream, or whatever a page speaks of. */
import type { PageGroup, PageScan, PageSource } from '../../foreign/page/scan.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { MediaItem, MediaStream, ParseResult } from '../../protocol/media.ts';
import type { ParseRequest } from '../engine.ts';
import { type HlsOptions, listStreams, ONLY_STREAM } from './hls/stream.server.ts';
import type { ListedSizes } from './listed-sizes.ts';
import { extensionOf, mediaTypeOf, nameInUrl, stemOf } from './names.ts';
import { bestSource, sourceId } from './page/source-id.ts';
import { type Probe, probe } from './probe.server.ts';
import { shortHash } from './short-hash.ts';

/** Sources of a page that are asked at a time. */
const CONCURRENCY = 4;

export interface ListOptions extends HlsOptions {
  /** Where the sizes of listed files are recorded. */
  listed: ListedSizes;
  /** ms after which the players of a page that were not asked yet are left out. */
  listMs: number;
}

type Listing = Pick<ParseResult, 'items' | 'truncated'>;

interface Listed {
  source: PageSource;
  found: Probe;
  streams: MediaStream[];
}

/** @throws SluiceError `no_media`, `unsupported_url` (DASH), `live_stream`, `encrypted`, network codes */
export async function listItems(request: ParseRequest, options: ListOptions): Promise<Listing> {
  const { url, signal, onItems } = request;
  const found = await probe(options.client, url, signal, 'text');
  options.listed.record(url, found.version, performance.now());
  if (found.kind.kind === 'page') {
    const page = { chunks: found.body ?? [], url: found.url.href };
    return pageItems(request, await options.readers.read('page', page, signal), options);
  }
  const streams = await streamsOf(found, options, signal);
  const item = itemOf({ url, title: titleOf(found), site: new URL(url).hostname, found, streams });
  onItems?.([item]);
  return { items: [item] };
}

/** What to call a stream or file nobody gave a title: its name, or its folder's where the name says nothing. */
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
}): MediaItem {
  const { url, title, site, found, streams } = of;
  const type = found.kind.kind === 'file' ? mediaTypeOf(found.contentType, extensionOf(found.name)) : 'video';
  return { id: shortHash(url + (streams[0]?.id ?? '')), url, site, title, type, streams };
}

async function pageItems(
  { url, signal, onItems }: ParseRequest,
  scan: PageScan,
  options: ListOptions,
): Promise<Listing> {
  const site = scan.site ?? new URL(url).hostname;
  const until = performance.now() + options.listMs;
  const items: (MediaItem | null)[] = [];
  let next = 0;
  let refusal: unknown = null;

  async function list(source: PageSource): Promise<Listed | null> {
    try {
      const found = await probe(options.client, source.url, signal, 'text');
      options.listed.record(source.url, found.version, performance.now());
      return { source, found, streams: await streamsOf(found, options, signal) };
    } catch (thrown) {
      // a dead, private or odd source is left out; why is told only if nothing else is left
      signal.throwIfAborted();
      refusal ??= thrown;
      return null;
    }
  }

  async function work(): Promise<void> {
    do {
      const index = next++;
      const group = scan.groups[index];
      if (!group) return;
      const listed: Listed[] = [];
      for (const source of group.sources) {
        const one = await list(source);
        if (one) listed.push(one);
      }
      const item = groupItem(url, site, scan, group, listed);
      items[index] = item;
      if (item) onItems?.([item]);
    } while (performance.now() < until);
  }

  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  const found = items.filter((item) => item !== null);
  const truncated = scan.truncated || next < scan.groups.length;
  if (found.length > 0) return { items: found, ...(truncated ? { truncated } : {}) };
  const why =
    refusal instanceof SluiceError && refusal.code !== 'unsupported_url' ? ` (${refusal.message})` : '';
  throw new SluiceError(
    'no_media',
    `There is no video, audio or file on that page${why}.`.replace('.).', '.)'),
  );
}

function groupItem(
  pageUrl: string,
  site: string,
  scan: PageScan,
  group: PageGroup,
  listed: Listed[],
): MediaItem | null {
  const [first, ...others] = listed;
  if (!first) return null;
  const title =
    group.title ?? (scan.groups.length === 1 && scan.title !== null ? scan.title : titleOf(first.found));
  const { source, found } = first;
  if (others.length === 0)
    return itemOf({
      url: source.url,
      title,
      site,
      found,
      streams: first.streams.map((s) => named(s, source, title)),
    });
  const best = bestSource(listed.map((one) => one.source));
  const streams = listed.flatMap((one) =>
    one.streams.map((stream) => ({
      ...named(stream, one.source, title),
      id: sourceId(one.source.url, stream.id === ONLY_STREAM ? null : stream.id),
      isDefault: one.source === best && stream.isDefault,
    })),
  );
  return itemOf({ url: pageUrl, title, site, found, streams });
}

/** A source's own label says more than `original`, unless it is the item's title again. */
function named(stream: MediaStream, { label }: PageSource, title: string): MediaStream {
  const says = label !== null && label !== title;
  return stream.quality === 'original' && says ? { ...stream, quality: label } : stream;
}
