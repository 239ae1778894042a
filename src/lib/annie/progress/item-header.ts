/**
 * What lux and annie print of an item before they fetch it:
 *
 *      Site:      Universal
 *      Title:     clip
 *      Type:      video/mp4
 *      Stream:
 *          [default]  -------------------
 *          Quality:         default
 *          Size:            14.89 MiB (15618348 Bytes)
 *          # download with: lux -f default ...
 *
 * Parsed when it is first read: in a run of forty records that took as long as the records did.
 */
import { toReadable } from './text.ts';

/** A stream's size is 0 where lux does not know it. */
interface HeaderStream {
  id: string;
  quality: string | null;
  bytes: number | null;
}

export const LABEL = {
  site: ' Site:',
  title: ' Title:',
  type: ' Type:',
  stream: ' Stream',
  quality: '     Quality:',
  size: '     Size:',
  last: '     # download with:',
} as const;
const STREAM = /^ {5}\[(.*)\] {2}-+$/;
const EXACT_SIZE = /\((\d+) Bytes\)/;

interface ListedItem {
  site: string;
  /** As the page has it, but without escape codes: it may hold line ends and anything else. */
  title: string;
  /** lux's word for what it is: `video`, `image`, or a content type. */
  kind: string;
  streams: HeaderStream[];
}

export class ItemHeader {
  readonly type = 'item';
  /** In Latin-1. */
  readonly #lines: readonly string[];
  #item: ListedItem | null = null;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get item(): ListedItem {
    return (this.#item ??= parse(toReadable(this.#lines.join('\n')).split('\n')));
  }
}

function parse(lines: string[]): ListedItem {
  const type = lines.findIndex((line, index) => index > 1 && line.startsWith(LABEL.type));
  const streams: HeaderStream[] = [];
  for (const line of lines.slice(type)) {
    const last = streams.at(-1);
    const id = STREAM.exec(line)?.[1];
    if (id !== undefined) streams.push({ id, quality: null, bytes: null });
    else if (last && line.startsWith(LABEL.quality)) last.quality = line.slice(LABEL.quality.length).trim();
    else if (last && line.startsWith(LABEL.size)) last.bytes = Number(EXACT_SIZE.exec(line)?.[1] ?? NaN);
    if (last && Number.isNaN(last.bytes)) last.bytes = null;
  }
  return {
    site: (lines[0] ?? '').slice(LABEL.site.length).trim(),
    title: lines.slice(1, type).join('\n').slice(LABEL.title.length).trim(),
    kind: lines[type]?.slice(LABEL.type.length).trim() ?? '',
    streams,
  };
}
