/** Reads the output of `lux -j` (and of annie's, which has other names) as items. */
import * as v from 'valibot';
import { SluiceError } from '../../protocol/error.ts';
import type { MediaItem, MediaStream } from '../../protocol/media.ts';
import { MAX_URL_BYTES, parseUrl } from '../../protocol/url.ts';
import { projectEngineJson } from '../json/engine-json.ts';
import type { Shape } from '../json/project.ts';
import {
  MAX_ALBUM_ITEMS,
  MAX_LUX_ENTRIES,
  MAX_PARTS,
  MAX_STREAM_ID_CHARS,
  MAX_STREAMS,
  MAX_NAME_CHARS,
} from '../limits.ts';
import { distinctQualities } from '../distinct-qualities.ts';
import { itemsWithinLimit } from '../listed-items.ts';
import { decodeText } from '../text.ts';
import { errorLines, failureOf } from './failure.ts';

const text = v.fallback(v.nullish(v.string(), ''), '');
const bytes = v.fallback(v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0)), 0), 0);

const Part = v.object({ url: text, size: bytes, ext: text });
const Stream = v.object({
  quality: text,
  size: bytes,
  parts: v.fallback(v.nullish(v.array(Part)), undefined),
  /** annie's name for parts. */
  urls: v.fallback(v.nullish(v.array(Part)), undefined),
  ext: text,
  NeedMux: v.fallback(v.nullish(v.boolean(), false), false),
});
const Entry = v.object({
  url: text,
  site: text,
  title: text,
  type: text,
  streams: v.fallback(v.nullish(v.record(v.string(), Stream), {}), {}),
});
type Entry = v.InferOutput<typeof Entry>;

const [OPEN_LIST, OPEN_OBJECT, LF, SPACE] = [0x5b, 0x7b, 0x0a, 0x20];
const PARTS: Shape = { list: { fields: { url: 'scalar', size: 'scalar', ext: 'scalar' } }, max: MAX_PARTS };
const STREAM: Shape = {
  fields: { quality: 'scalar', size: 'scalar', parts: PARTS, urls: PARTS, ext: 'scalar', NeedMux: 'scalar' },
};
const ENTRY: Shape = {
  fields: {
    url: 'scalar',
    site: 'scalar',
    title: 'scalar',
    type: 'scalar',
    streams: { record: STREAM, max: MAX_STREAMS },
  },
};

/** What a download needs to know of a stream. */
export interface StreamPlan {
  id: string;
  /** Exact, of all parts; null when the size of any part is unknown. */
  bytes: number | null;
  parts: number;
  /** ffmpeg has to join its parts. */
  needsFfmpeg: boolean;
}

export interface LuxItem {
  item: MediaItem;
  /** The best first. */
  streams: StreamPlan[];
}

interface LuxAnswer {
  /** Its name in error messages. */
  engine: string;
  /** Of stdout. */
  chunks: readonly Uint8Array[];
  exitCode: number | null;
  signal: string | null;
  /** The address that was listed. */
  address: string;
}

export interface LuxListing {
  listed: LuxItem[];
  truncated: boolean;
}

/**
 * @throws SluiceError the codes of `failureOf`, `engine_output` when there is no JSON, `unsupported_url` for a page that lux took
 * for a file, `no_media`, `too_complex`
 */
export function readLuxListing({ engine, chunks, exitCode, signal, address }: LuxAnswer): LuxListing {
  const errors = errorLines(decodeText(chunks));
  if (exitCode !== 0 || errors.length > 0) throw failureOf(engine, errors, exitCode, signal);
  const all = readListing(Buffer.concat(chunks), address);
  const listed = itemsWithinLimit(all.slice(0, MAX_ALBUM_ITEMS));
  return { listed, truncated: listed.length < all.length };
}

/** annie prints a sentence before the JSON, and one object instead of an array for one item. */
export function readListing(printed: Buffer, address: string): LuxItem[] {
  const start = startOfJson(printed);
  const shape = printed[start] === OPEN_LIST ? { list: ENTRY, max: MAX_LUX_ENTRIES } : ENTRY;
  const json = projectEngineJson('The engine', printed, shape, start).value;
  const entries = (Array.isArray(json) ? json : [json]).flatMap((entry: unknown) => {
    const result = v.safeParse(Entry, entry);
    return result.success ? [result.output] : [];
  });
  if (entries.some(({ site, type }) => site === 'Universal' && /html/.test(type))) {
    throw new SluiceError('unsupported_url', 'The engine knows no such site.');
  }
  const listed = entries.flatMap((entry) => itemsOf(entry, address)).map(withId);
  if (listed.length === 0) throw new SluiceError('no_media');
  return listed;
}

/** Offset of the first line that begins like JSON; 0 = none does. */
function startOfJson(printed: Buffer): number {
  let isBlank = true;
  for (let at = 0; at < printed.length; at++) {
    const c = printed[at] as number;
    if (isBlank && (c === OPEN_LIST || c === OPEN_OBJECT)) return at;
    if (c === LF) isBlank = true;
    else if (c > SPACE) isBlank = false;
  }
  return 0;
}

function itemsOf(entry: Entry, address: string): LuxItem[] {
  const plans = Object.entries(entry.streams)
    .map(([id, stream]) => ({ stream, plan: planOf(id, stream) }))
    .filter(({ plan }) => plan.parts > 0 && plan.id.length <= MAX_STREAM_ID_CHARS)
    // As in lux, the largest is the default.
    .sort((a, b) => b.stream.size - a.stream.size);
  if (plans.length === 0) return [];
  const type = typeOf(entry.type);
  const pictures = partsOf(plans[0]!.stream);
  // lux saves an album as several files; here each picture is an item with its own address.
  if (type === 'image' && pictures.length > 1) {
    return pictures.map((picture, index) => pictureOf(entry, picture, index));
  }
  // Its ids name codecs and formats, where the site's names for qualities repeat.
  const labels = distinctQualities(
    plans.map(({ stream, plan }) => ({
      quality: stream.quality || plan.id,
      traits: [extOf(stream), plan.id],
    })),
  );
  const streams: MediaStream[] = plans.map(({ stream, plan }, index) => ({
    id: plan.id,
    quality: truncated(labels[index] ?? plan.id),
    bytes: plan.bytes,
    ext: extOf(stream),
    isDefault: index === 0,
  }));
  const url = entry.url === '' || entry.url.length > MAX_URL_BYTES ? address : entry.url;
  const item = { ...commonFields(entry, url), type, streams };
  return [{ item, streams: plans.map(({ plan }) => plan) }];
}

function planOf(id: string, stream: v.InferOutput<typeof Stream>): StreamPlan {
  const parts = partsOf(stream);
  return {
    id,
    bytes: parts.every(({ size }) => size > 0) && stream.size > 0 ? stream.size : null,
    parts: parts.length,
    needsFfmpeg: parts.length > 1 || stream.NeedMux,
  };
}

function partsOf(stream: v.InferOutput<typeof Stream>): v.InferOutput<typeof Part>[] {
  return stream.parts ?? stream.urls ?? [];
}

function pictureOf(entry: Entry, { url, size, ext }: v.InferOutput<typeof Part>, index: number): LuxItem {
  const known = size > 0 ? size : null;
  const plan: StreamPlan = { id: 'default', bytes: known, parts: 1, needsFfmpeg: false };
  const stream = {
    id: 'default',
    quality: 'original',
    bytes: known,
    ext: cleanExt(ext, 'jpg'),
    isDefault: true,
  };
  const item = commonFields(entry, url);
  return {
    item: { ...item, title: `${item.title} (${index + 1})`, type: 'image', streams: [stream] },
    streams: [plan],
  };
}

function commonFields(entry: Entry, url: string): Omit<MediaItem, 'type' | 'streams'> {
  const host = parseUrl(url)?.hostname ?? '';
  const site = entry.site === '' || entry.site === 'Universal' ? host : entry.site;
  return { id: '', url, site: truncated(site), title: truncated(entry.title.trim()) || host };
}

function truncated(text: string): string {
  return text.slice(0, MAX_NAME_CHARS).toWellFormed();
}

function withId(listed: LuxItem, index: number): LuxItem {
  return { ...listed, item: { ...listed.item, id: String(index + 1) } };
}

function typeOf(type: string): MediaItem['type'] {
  const kind = /^(video|audio|image)\b/.exec(type)?.[1];
  return (kind as 'video' | 'audio' | 'image' | undefined) ?? 'file';
}

/** Several parts are joined into the stream's own extension, or MP4. */
function extOf(stream: v.InferOutput<typeof Stream>): string {
  const parts = partsOf(stream);
  if (stream.ext !== '') return cleanExt(stream.ext, 'mp4');
  return parts.length === 1 ? cleanExt(parts[0]?.ext ?? '', 'bin') : 'mp4';
}

function cleanExt(ext: string, fallback: string): string {
  return /^[a-z0-9]{1,8}$/i.test(ext) ? ext.toLowerCase() : fallback;
}
