/** Reads the listing that yt-dlp printed for an address. Pure. */
import type { MediaItem } from '../../protocol/media.ts';
import { MAX_KEPT_INFO_BYTES, MAX_KEPT_INFOS, MAX_KEPT_INFOS_BYTES } from '../limits.ts';
import { parseInfo } from './info.ts';
import { type ItemsPage, pageOf, type PageRequest } from './items.ts';

interface YtDlpAnswer extends PageRequest {
  /** Of stdout. */
  chunks: readonly Uint8Array[];
}

export interface YtDlpListing extends Omit<ItemsPage, 'found'> {
  items: {
    item: MediaItem;
    /** For `--load-info-json`, so that a download need not open the page again; null = not kept. */
    info: Uint8Array | null;
  }[];
}

/** @throws SluiceError `no_media`, `live_stream`, `encrypted`, `engine_output`, `too_complex` */
export function readYtDlpListing({ chunks, ...request }: YtDlpAnswer): YtDlpListing {
  const json = Buffer.concat(chunks);
  const { value, rangeOf } = parseInfo(json);
  const { found, ...page } = pageOf(value, request);
  let left = MAX_KEPT_INFOS;
  let bytesLeft = MAX_KEPT_INFOS_BYTES;
  const items = found.map(({ item, info }) => {
    const range = typeof info === 'object' && info !== null && left > 0 ? rangeOf(info) : null;
    if (range === null) return { item, info: null };
    left--;
    const [start, end] = range;
    if (end - start > Math.min(MAX_KEPT_INFO_BYTES, bytesLeft)) return { item, info: null };
    bytesLeft -= end - start;
    return { item, info: new Uint8Array(json.subarray(start, end)) };
  });
  return { items, ...page };
}
