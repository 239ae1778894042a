/** What yt-dlp answers when it is asked what is at an address. Pure. */
import type { MediaItem } from '../../protocol/media.ts';
import { MAX_KEPT_INFO_BYTES, MAX_KEPT_INFOS } from '../limits.ts';
import { itemsWithinLimit } from '../listed-items.ts';
import { parseInfo } from './info.ts';
import { itemsOf } from './items.ts';

export interface YtDlpAnswer {
  /** Of stdout, as it came. */
  chunks: readonly Uint8Array[];
  /** The address it was asked about. */
  url: string;
  /** There is an ffmpeg. */
  canJoin: boolean;
}

export interface YtDlpListing {
  items: {
    item: MediaItem;
    /** Bytes of what `--load-info-json` takes, so that a download need not look again; null = it is not kept. */
    info: Uint8Array | null;
  }[];
  truncated: boolean;
}

/** @throws SluiceError `no_media`, `live_stream`, `encrypted`, `engine_output`, `too_complex` */
export function readYtDlpListing({ chunks, url, canJoin }: YtDlpAnswer): YtDlpListing {
  const json = Buffer.concat(chunks);
  const { value, rangeOf } = parseInfo(json);
  const found = itemsOf(value, url, canJoin);
  const fitting = itemsWithinLimit(found);
  let left = MAX_KEPT_INFOS;
  const items = fitting.map(({ item, info }) => {
    const range = typeof info === 'object' && info !== null && left > 0 ? rangeOf(info) : null;
    if (range === null) return { item, info: null };
    left--;
    const [start, end] = range;
    return {
      item,
      info: end - start > MAX_KEPT_INFO_BYTES ? null : new Uint8Array(json.subarray(start, end)),
    };
  });
  return { items, truncated: fitting.length < found.length };
}
