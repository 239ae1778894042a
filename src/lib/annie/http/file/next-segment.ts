/**
 * What another connection is to fetch. Nothing changes until it delivers: those that deliver already go on as if they were
 * alone, so that one that is never answered costs them nothing. Pure.
 */
import { missingBytes, newSegment, nextFreeSegment, type Segment } from './segments.ts';

/** Splitting less than this costs more in a new connection than it saves. */
const MIN_SPLIT_BYTES = 4 * 1024 * 1024;

interface SegmentChoice {
  /** What to request. A copy. */
  wanted: Segment;
  /** The segment, which is the caller's alone from now on; null = others have fetched some of it meanwhile. */
  take(): Segment | null;
}

/** The first free segment, else half of the largest; null = there is none, or it is too small. */
export function nextSegment(segments: Segment[], maySplit: boolean): SegmentChoice | null {
  const free = nextFreeSegment(segments);
  if (free !== null) return freeSegment(segments, free);
  return maySplit ? secondHalf(segments) : null;
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
  const [whole, { end }] = [largest, largest];
  const tail = newSegment(whole.received + Math.ceil(missingBytes(whole) / 2), end);
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
