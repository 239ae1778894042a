/**
 * What another connection is to fetch. Nothing changes until it delivers: those that deliver already go on as if they were
 * alone, so that one that is never answered costs them nothing. Pure.
 */
import type { Paces } from './paces.ts';
import { missingBytes, newSegment, nextFreeSegment, type Segment } from './segments.ts';

/** What a connection keeps that trickles: what it brings meanwhile. */
const KEPT_MS = 1_000;
const MIN_KEPT_BYTES = 4 * 1024;
/** Splitting less than this costs more in a new connection than it saves. */
const MIN_SPLIT_BYTES = 4 * 1024 * 1024;

interface SegmentChoice {
  /** What to request. A copy. */
  wanted: Segment;
  /** The segment, which is the caller's alone from now on; null = others have fetched some of it meanwhile. */
  take(): Segment | null;
}

/**
 * The first free segment, else the rest of one that is slow, else half of the largest; null = there is none, or it is too small.
 * @param paces absent = unknown
 */
export function nextSegment(
  segments: Segment[],
  maySplit: boolean,
  paces: Paces | null = null,
): SegmentChoice | null {
  const free = nextFreeSegment(segments);
  if (free !== null) return freeSegment(segments, free);
  return maySplit ? ((paces && restOfSlow(segments, paces)) ?? secondHalf(segments)) : null;
}

/** Nearly all of the segment that would take longest, if its connection trickles. */
function restOfSlow(segments: Segment[], paces: Paces): SegmentChoice | null {
  const slow =
    paces.takeoversLeft <= 0
      ? []
      : segments.filter((segment) => segment.end !== null && paces.isTrickle(segment));
  const keptBytes = (segment: Segment): number =>
    Math.max(MIN_KEPT_BYTES, Math.ceil((paces.of(segment) ?? 0) * KEPT_MS));
  const [largest] = slow
    .filter((segment) => missingBytes(segment) >= 2 * keptBytes(segment))
    .sort((a, b) => missingBytes(b) - missingBytes(a));
  if (largest !== undefined) paces.takeoversLeft--;
  return largest ? splitAt(segments, largest, largest.received + keptBytes(largest)) : null;
}

function freeSegment(segments: readonly Segment[], free: Segment): SegmentChoice {
  const { written, end } = free;
  return {
    wanted: { ...free, received: written },
    take() {
      if (free.isBusy || free.written !== written || free.end !== end || !segments.includes(free))
        return null;
      free.isBusy = true;
      return free;
    },
  };
}

/** Of the segment with most missing bytes. */
export function secondHalf(segments: Segment[]): SegmentChoice | null {
  let largest: Segment | null = null;
  for (const segment of segments) {
    if (segment.end !== null && (largest === null || missingBytes(segment) > missingBytes(largest)))
      largest = segment;
  }
  if (largest?.end == null || missingBytes(largest) < 2 * MIN_SPLIT_BYTES) return null;
  return splitAt(segments, largest, largest.received + Math.ceil(missingBytes(largest) / 2));
}

function splitAt(segments: Segment[], whole: Segment, start: number): SegmentChoice {
  const { end } = whole;
  const tail = newSegment(start, end);
  return {
    wanted: { ...tail },
    take() {
      if (whole.end !== end || whole.received >= tail.start) return null;
      whole.end = tail.start;
      segments.push(tail);
      tail.isBusy = true;
      return tail;
    },
  };
}
