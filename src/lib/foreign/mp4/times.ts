/** How long fragments of MP4 play, by the durations of their samples (ISO/IEC 14496-12, sections 8.4 and 8.8). Pure. */
import { type Box, boxesIn, numberAt } from './boxes.ts';

/** Of an initialisation part. */
export interface Mp4Track {
  id: number;
  /** Ticks per s. */
  timescale: number;
  /** Of samples that say none themselves, in ticks; 0 = unknown. */
  sampleDuration: number;
  isVideo: boolean;
}

interface Mp4TimesInput {
  /** Whole boxes, `moov` and `moof`, in order. */
  chunks: readonly Uint8Array[];
  /** Of the initialisation part before; null = unknown. */
  tracks: readonly Mp4Track[] | null;
}

interface Mp4Times {
  /** Of the last initialisation part. */
  tracks: Mp4Track[] | null;
  /** What the samples play: the pictures if there are any, else the longest track. Null = unknown. */
  seconds: number | null;
  /** When each track begins and ends, in s; none = unknown, as of fragments that name no time of theirs (`tfdt`). */
  spans: [track: number, begin: number, end: number][];
}

/** What the samples of one track play. */
interface Played {
  /** Ticks; null = of some sample unknown. */
  ticks: number | null;
  /** Of the first sample, in ticks; null = unknown. */
  begin: number | null;
}

/** More than any video has. */
const MAX_TRACKS = 64;
const MAX_SPANS = 8;
const [HAS_OFFSET, HAS_DESCRIPTION, HAS_DURATION, IS_EMPTY] = [0x01, 0x02, 0x08, 0x010000];
const [RUN_OFFSET, RUN_FIRST_FLAGS, RUN_DURATIONS] = [0x01, 0x04, 0x100];
const SAMPLE_FIELDS = [0x100, 0x200, 0x400, 0x800];

/** Never throws. */
export function readMp4Times({ chunks, tracks }: Mp4TimesInput): Mp4Times {
  let current = tracks === null ? null : [...tracks];
  const played = new Map<Mp4Track, Played>();
  for (const chunk of chunks) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (const box of boxesIn(view)) {
      if (box.type === 'moov') current = tracksIn(view, box);
      if (box.type === 'moof') addFragment(view, box, current ?? [], played);
    }
  }
  return { tracks: current, seconds: secondsOf(current ?? [], played), spans: spansOf(played) };
}

function spansOf(played: ReadonlyMap<Mp4Track, Played>): Mp4Times['spans'] {
  return [...played]
    .slice(0, MAX_SPANS)
    .flatMap(([{ id, timescale }, { begin, ticks }]) =>
      begin === null || ticks === null ? [] : [[id, begin / timescale, (begin + ticks) / timescale]],
    );
}

function secondsOf(tracks: readonly Mp4Track[], of: ReadonlyMap<Mp4Track, Played>): number | null {
  if (tracks.length === 0) return null;
  const played = [...of];
  const pictures = played.filter(([{ isVideo }]) => isVideo);
  const counted = pictures.length > 0 ? pictures : played;
  const seconds = counted.map(([{ timescale }, { ticks }]) => (ticks === null ? null : ticks / timescale));
  return seconds.includes(null) ? null : Math.max(0, ...seconds.map(Number));
}

function tracksIn(view: DataView, moov: Box): Mp4Track[] {
  const durations = new Map<number, number>();
  const found: Omit<Mp4Track, 'sampleDuration'>[] = [];
  for (const box of boxesIn(view, moov.start, moov.end)) {
    if (box.type === 'trak' && found.length < MAX_TRACKS) {
      const track = trackIn(view, box);
      if (track !== null) found.push(track);
    }
    if (box.type !== 'mvex') continue;
    for (const trex of boxesIn(view, box.start, box.end)) {
      const [id, duration] = [numberAt(view, trex, 4), numberAt(view, trex, 12)];
      if (trex.type === 'trex' && id !== null && durations.size < MAX_TRACKS)
        durations.set(id, duration ?? 0);
    }
  }
  return found.map((track) => ({ ...track, sampleDuration: durations.get(track.id) ?? 0 }));
}

function trackIn(view: DataView, trak: Box): Omit<Mp4Track, 'sampleDuration'> | null {
  let [id, timescale, isVideo]: [number | null, number | null, boolean] = [null, null, false];
  for (const box of boxesIn(view, trak.start, trak.end)) {
    if (box.type === 'tkhd') id = numberAt(view, box, afterTimes(view, box));
    if (box.type !== 'mdia') continue;
    for (const inner of boxesIn(view, box.start, box.end)) {
      if (inner.type === 'mdhd') timescale = numberAt(view, inner, afterTimes(view, inner));
      if (inner.type === 'hdlr') isVideo = numberAt(view, inner, 8) === VIDE;
    }
  }
  return id === null || timescale === null || timescale === 0 ? null : { id, timescale, isVideo };
}

/** `vide` */
const VIDE = 0x76696465;

/** Where a header's field after its two times is: in version 1 those have 8 bytes each. */
function afterTimes(view: DataView, { start, end }: Box): number {
  return start < end && view.getUint8(start) === 1 ? 20 : 12;
}

function addFragment(
  view: DataView,
  moof: Box,
  tracks: readonly Mp4Track[],
  played: Map<Mp4Track, Played>,
): void {
  for (const traf of boxesIn(view, moof.start, moof.end)) {
    if (traf.type !== 'traf') continue;
    let track: Mp4Track | undefined;
    let duration = 0;
    for (const box of boxesIn(view, traf.start, traf.end)) {
      if (box.type === 'tfhd') {
        const id = numberAt(view, box, 4);
        track = tracks.find((each) => each.id === id);
        duration = defaultDuration(view, box, track?.sampleDuration ?? 0);
        if (track && !played.has(track)) played.set(track, { ticks: 0, begin: null });
      }
      const of = track && played.get(track);
      if (box.type === 'tfdt' && of) of.begin ??= decodeTime(view, box);
      if (box.type !== 'trun' || !of) continue;
      const more = runTicks(view, box, duration);
      of.ticks = of.ticks === null || more === null ? null : of.ticks + more;
    }
  }
}

/** Of the first sample, in ticks (`tfdt`). */
function decodeTime(view: DataView, box: Box): number | null {
  const [high, low] = [numberAt(view, box, 4), numberAt(view, box, 8)];
  if (high === null || view.getUint8(box.start) === 0) return high;
  return low === null ? null : high * 2 ** 32 + low;
}

function defaultDuration(view: DataView, tfhd: Box, ofTrack: number): number {
  const flags = (numberAt(view, tfhd, 0) ?? 0) & 0xffffff;
  if ((flags & IS_EMPTY) !== 0) return 0;
  if ((flags & HAS_DURATION) === 0) return ofTrack;
  const offset = 8 + ((flags & HAS_OFFSET) !== 0 ? 8 : 0) + ((flags & HAS_DESCRIPTION) !== 0 ? 4 : 0);
  return numberAt(view, tfhd, offset) ?? ofTrack;
}

/** Null = its samples have no durations. */
function runTicks(view: DataView, trun: Box, duration: number): number | null {
  const flags = (numberAt(view, trun, 0) ?? 0) & 0xffffff;
  const count = numberAt(view, trun, 4) ?? 0;
  if (count === 0) return 0;
  if ((flags & RUN_DURATIONS) === 0) return duration === 0 ? null : count * duration;
  const first = 8 + ((flags & RUN_OFFSET) !== 0 ? 4 : 0) + ((flags & RUN_FIRST_FLAGS) !== 0 ? 4 : 0);
  const stride = 4 * SAMPLE_FIELDS.filter((field) => (flags & field) !== 0).length;
  let sum = 0;
  for (let sample = 0; sample < count; sample++) {
    const ticks = numberAt(view, trun, first + sample * stride);
    // The box is cut.
    if (ticks === null) break;
    sum += ticks;
  }
  return sum === 0 ? null : sum;
}
