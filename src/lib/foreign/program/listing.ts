/** Reads what an engine that is a program prints for `list` (docs/engines.md): a line of JSON for each item. */
import * as v from 'valibot';
import { SluiceError } from '../../protocol/error.ts';
import type { MediaItem, MediaStream } from '../../protocol/media.ts';
import { isFetchable, parseUrl } from '../../protocol/url.ts';
import { distinctQualities } from '../distinct-qualities.ts';
import { projectEngineJson } from '../json/engine-json.ts';
import type { Shape } from '../json/project.ts';
import {
  MAX_ALBUM_ITEMS,
  MAX_NAME_CHARS,
  MAX_PROGRAM_LINE_BYTES,
  MAX_PROGRAM_LINES,
  MAX_STREAM_ID_CHARS,
  MAX_STREAMS,
} from '../limits.ts';
import { itemsWithinLimit } from '../listed-items.ts';
import { failureOf, type ProgramExit } from './failure.ts';

const text = v.fallback(v.pipe(v.string(), v.trim()), '');
const bytes = v.fallback(v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), null);
const Stream = v.object({
  id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(MAX_STREAM_ID_CHARS)),
  quality: text,
  bytes,
  ext: v.fallback(v.pipe(v.string(), v.regex(/^[a-z0-9]{1,8}$/i), v.toLowerCase()), 'bin'),
});
const Item = v.object({
  url: v.string(),
  title: text,
  site: text,
  kind: v.fallback(v.picklist(['video', 'audio', 'image', 'file']), 'file'),
  streams: v.array(v.unknown()),
});
const STREAM: Shape = { fields: { id: 'scalar', quality: 'scalar', bytes: 'scalar', ext: 'scalar' } };
const LINE: Shape = {
  fields: {
    ...{ type: 'scalar', url: 'scalar', title: 'scalar', site: 'scalar', kind: 'scalar' },
    streams: { list: STREAM, max: MAX_STREAMS },
  },
};
const LF = 0x0a;

interface ProgramAnswer extends Omit<ProgramExit, 'line'> {
  /** Of stdout. */
  chunks: readonly Uint8Array[];
}

interface ProgramListing {
  items: MediaItem[];
  truncated: boolean;
}

/**
 * An `error` line decides, and an exit code other than 0. Lines of other types are of later versions, and ignored.
 * @throws SluiceError those of `failureOf`, `engine_output` when a line is no JSON or too long, `no_media`, `too_complex`
 */
export function readProgramListing({ chunks, ...exit }: ProgramAnswer): ProgramListing {
  const { engine } = exit;
  const found: MediaItem[] = [];
  let lines = 0;
  for (const line of linesIn(Buffer.concat(chunks))) {
    if (++lines > MAX_PROGRAM_LINES)
      throw new SluiceError('too_complex', `${engine} printed too many lines.`);
    if (line.length > MAX_PROGRAM_LINE_BYTES)
      throw new SluiceError('engine_output', `${engine} printed too long a line.`);
    const json = projectEngineJson(engine, line, LINE).value as Record<string, unknown> | null;
    if (json?.['type'] === 'error') throw failureOf({ ...exit, line: line.toString() });
    const item = json?.['type'] === 'item' ? itemOf(json, found.length + 1) : null;
    if (item !== null) found.push(item);
  }
  if (exit.exitCode !== 0) throw failureOf({ ...exit, line: null });
  if (found.length === 0) throw new SluiceError('no_media');
  const listed = itemsWithinLimit(found.slice(0, MAX_ALBUM_ITEMS).map((item) => ({ item })));
  return { items: listed.map(({ item }) => item), truncated: listed.length < found.length };
}

function* linesIn(printed: Buffer): Generator<Buffer> {
  for (let start = 0; start < printed.length;) {
    const found = printed.indexOf(LF, start);
    const end = found === -1 ? printed.length : found;
    if (printed.subarray(start, end).some((c) => c > 0x20)) yield printed.subarray(start, end);
    start = end + 1;
  }
}

/** Null without an address that can be fetched, or without a stream. */
function itemOf(json: unknown, number: number): MediaItem | null {
  const item = v.safeParse(Item, json);
  const url = item.success ? parseUrl(item.output.url) : null;
  if (!item.success || url === null || !isFetchable(url)) return null;
  const streams = streamsOf(item.output.streams);
  if (streams.length === 0) return null;
  const { title, site, kind } = item.output;
  return {
    id: String(number),
    url: url.href,
    site: truncated(site) || url.hostname,
    title: truncated(title) || url.hostname,
    type: kind,
    streams,
  };
}

/** The first is the default. */
function streamsOf(list: readonly unknown[]): MediaStream[] {
  const valid = list.flatMap((each) => {
    const result = v.safeParse(Stream, each);
    return result.success ? [result.output] : [];
  });
  const known = valid.filter(({ id }, i) => valid.findIndex((other) => other.id === id) === i);
  const labels = distinctQualities(
    known.map(({ id, quality, ext }) => ({ quality: quality || id, traits: [ext, id] })),
  );
  return known.map(({ id, ext, ...stream }, i) => ({
    ...{ id, quality: truncated(labels[i] ?? id), bytes: stream.bytes, ext, isDefault: i === 0 },
  }));
}

function truncated(value: string): string {
  return value.slice(0, MAX_NAME_CHARS).toWellFormed();
}
