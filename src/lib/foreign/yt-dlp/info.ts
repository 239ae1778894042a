/**
 * The parts of yt-dlp's info JSON that are used here. It quotes untrusted pages, so a field of an unexpected type is null.
 */
import * as v from 'valibot';
import { SluiceError } from '../../protocol/error.ts';
import { projectEngineJson } from '../json/engine-json.ts';
import type { Projection, Shape } from '../json/project.ts';
import { MAX_ENTRIES, MAX_FORMATS, MAX_LIST_LEVELS } from '../limits.ts';

const text = v.fallback(v.nullish(v.string(), null), null);
const count = v.fallback(v.nullish(v.pipe(v.number(), v.finite(), v.minValue(0)), null), null);
const flag = v.fallback(v.nullish(v.boolean(), null), null);

export const Format = v.object({
  format_id: v.fallback(v.string(), ''),
  ext: v.fallback(v.string(), ''),
  vcodec: text,
  acodec: text,
  video_ext: text,
  audio_ext: text,
  height: count,
  width: count,
  fps: count,
  tbr: count,
  abr: count,
  filesize: count,
  filesize_approx: count,
  language: text,
  format_note: text,
  dynamic_range: text,
  has_drm: v.fallback(v.nullish(v.union([v.boolean(), v.string()]), null), null),
});
export type Format = v.InferOutput<typeof Format>;

export const Info = v.object({
  _type: v.fallback(v.nullish(v.string(), 'video'), 'video'),
  id: text,
  title: text,
  ext: text,
  url: text,
  webpage_url: text,
  extractor: text,
  extractor_key: text,
  ie_key: text,
  webpage_url_domain: text,
  playlist_index: count,
  playlist_count: count,
  availability: text,
  is_live: flag,
  live_status: text,
  _has_drm: flag,
  formats: v.fallback(v.nullish(v.array(Format), null), null),
  /** Checked one by one, so that an invalid entry does not hide the others. */
  entries: v.fallback(v.nullish(v.array(v.unknown()), null), null),
});
export type Info = v.InferOutput<typeof Info>;

/** @throws SluiceError `engine_output` when it is not an object */
export function readInfo(json: unknown): Info {
  const result = v.safeParse(Info, json);
  if (!result.success)
    throw new SluiceError('engine_output', 'yt-dlp described the page in a way we cannot read.');
  return result.output;
}

const scalars = (names: string[]): Record<string, Shape> =>
  Object.fromEntries(names.map((name) => [name, 'scalar']));
const FORMATS: Shape = { list: { fields: scalars(Object.keys(Format.entries)) }, max: MAX_FORMATS };
const ENTRY = { ...scalars(Object.keys(Info.entries)), formats: FORMATS };
/** An entry may be a list itself: a tab of a channel. */
function entryOf(levels: number): Shape {
  const entries: Shape = levels === 0 ? 'scalar' : { list: entryOf(levels - 1), max: MAX_ENTRIES };
  return { fields: { ...ENTRY, entries } };
}
const ROOT = entryOf(MAX_LIST_LEVELS);

/**
 * Parses what yt-dlp printed.
 * @throws SluiceError `engine_output` when it is not JSON, `too_complex`
 */
export function parseInfo(json: Buffer): Projection {
  return projectEngineJson('yt-dlp', json, ROOT);
}
