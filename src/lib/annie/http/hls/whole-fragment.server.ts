/** Examines a whole fragment before it is appended: nothing but media gets into the track. */
import { stat } from 'node:fs/promises';
import { readAt } from '../../../files/read-at.server.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { EXAMINED_BYTES, type FragmentKind, kindOf } from './fragment-kind.ts';
import { hasInitialisation } from './mp4-runs.server.ts';
import type { Timing } from './played-time.ts';
import { isMp4Start } from './media-start.ts';
import { packetsIn, type TsPackets, tsTiming } from './ts-times.ts';

export interface WholeFragment {
  kind: Exclude<FragmentKind['kind'], 'refused'>;
  /** Bytes before the media. */
  skip: number;
  /** Null = unknown. Of MP4 that depends on the initialisation part. */
  timing: Timing | null;
  isMp4: boolean;
}

const unmeasured = { skip: 0, timing: null, isMp4: false };

/** In s: a last fragment that is listed with less may have tables alone. */
const MAX_EMPTY_SECONDS = 0.5;

/**
 * @param listedSeconds by the playlist; 0 = an initialisation part, or what a list without lengths names
 * @throws SluiceError `not_media`, `invalid_manifest` (MP4 without an initialisation part), `too_complex`; the errno of the disk
 */
export async function examineFragment(
  path: string,
  listedSeconds: number,
  isFirst: boolean,
): Promise<WholeFragment> {
  const { size } = await stat(path);
  if (size === 0 && listedSeconds === 0 && !isFirst) return { ...unmeasured, kind: 'media' };
  const start = await readAt(path, 0, Math.min(size, EXAMINED_BYTES));
  const found = kindOf(start, size);
  if (found.kind === 'refused') throw notMedia(found.what);
  if (found.kind === 'unknown') return { ...unmeasured, kind: 'unknown' };
  const { skip } = found;
  if (found.container !== 'mpegts') {
    const isMp4 = isMp4Start(start);
    if (isMp4 && isFirst && !(await hasInitialisation(path)))
      throw new SluiceError('invalid_manifest', 'The manifest names no initialisation part for its MP4.');
    return { ...unmeasured, kind: 'media', isMp4 };
  }
  const timing = await tsTimingOf(path, start, skip, size);
  if (timing === 'none' && (isFirst || listedSeconds > MAX_EMPTY_SECONDS))
    throw notMedia('packets without video or audio');
  return { kind: 'media', skip, timing: timing === 'none' ? null : timing, isMp4: false };
}

/** Null = unknown; `none` = null packets and tables. Reads the middle only if the start and the end have no times. */
async function tsTimingOf(
  path: string,
  start: Uint8Array,
  skip: number,
  size: number,
): Promise<Timing | 'none' | null> {
  let first = packetsIn(start.subarray(skip));
  const ofEnd = (share: TsPackets): boolean =>
    [...share.times.keys()].some((stream) => first.times.has(stream));
  for (let from = start.length; first.times.size === 0 && from < size; from += EXAMINED_BYTES)
    first = joinedWith(first, packetsIn(await readAt(path, from, Math.min(EXAMINED_BYTES, size - from))));
  if (!first.hasMedia) return first.hasPayload ? { seconds: 0, spans: [], isCut: false } : 'none';
  let last: TsPackets;
  let end = size;
  do {
    const from = Math.max(skip, end - EXAMINED_BYTES);
    last = packetsIn(await readAt(path, from, end - from));
    end = from;
  } while (!ofEnd(last) && end > skip);
  return tsTiming(first, last);
}

/** What comes later in place of what has no times. */
function joinedWith(before: TsPackets, after: TsPackets): TsPackets {
  const hasPayload = before.hasPayload || after.hasPayload;
  return { ...after, hasMedia: before.hasMedia || after.hasMedia, hasPayload };
}

export function notMedia(what: string): SluiceError {
  return new SluiceError('not_media', `A fragment of the stream is not media: it is ${what}.`);
}

/** Whether it is about what came, and not about the disk. */
export function isRefusal(thrown: unknown): boolean {
  return thrown instanceof SluiceError && thrown.code === 'not_media';
}
