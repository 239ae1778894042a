/**
 * The map of a file that is being fetched: which stretches there are and how far each has come. One stretch for
 * each connection; whoever is done takes half of what the slowest has left. Pure.
 */
export interface Segment {
  readonly start: number;
  /** Exclusive; null = until the server ends it. Moves down when another connection takes the rest. */
  end: number | null;
  /** Next byte to come. */
  received: number;
  /** Next byte not yet in the file; never above `received`. */
  written: number;
  /** A connection works on it. */
  taken: boolean;
}

/** Splitting less than this costs more in a new connection than it saves. */
const MIN_SPLIT_BYTES = 4 * 1024 * 1024;

export function newSegment(start: number, end: number | null): Segment {
  return { start, end, received: start, written: start, taken: false };
}

export function isDone({ end, received }: Segment): boolean {
  return end !== null && received >= end;
}

/** Bytes that `segment` may still take. */
export function roomIn({ end, received }: Segment): number {
  return end === null ? Infinity : Math.max(0, end - received);
}

export function receivedBytes(segments: readonly Segment[]): number {
  let bytes = 0;
  for (const { start, received } of segments) bytes += received - start;
  return bytes;
}

/** An unfinished stretch nobody works on, the earliest first. */
export function freeSegment(segments: readonly Segment[]): Segment | null {
  const free = segments.filter((segment) => !segment.taken && !isDone(segment));
  return free.reduce<Segment | null>(
    (first, each) => (first && first.start < each.start ? first : each),
    null,
  );
}

/** Cuts the later half off the stretch with most left, adds it to `segments` and returns it; null = nothing to cut. */
export function splitLargest(segments: Segment[]): Segment | null {
  let largest: Segment | null = null;
  for (const segment of segments) {
    if (segment.end !== null && (largest === null || roomIn(segment) > roomIn(largest))) largest = segment;
  }
  if (largest?.end == null || roomIn(largest) < 2 * MIN_SPLIT_BYTES) return null;
  const middle = largest.received + Math.ceil(roomIn(largest) / 2);
  const rest = newSegment(middle, largest.end);
  largest.end = middle;
  segments.push(rest);
  return rest;
}

/**
 * Undoes a split of which nothing has come: the stretch in front goes on to the end, over the connection it has.
 * Left alone when that one is done already.
 */
export function mergeBack(segments: Segment[], segment: Segment): void {
  const before = segments.find((each) => each.end === segment.start && each !== segment);
  if (!before || isDone(before) || segment.received > segment.start) return;
  before.end = segment.end;
  segments.splice(segments.indexOf(segment), 1);
}

/** Puts a saved map back: what was received but not written is fetched again. Null when the parts do not fit. */
export function restoreSegments(
  saved: readonly [number, number, number][],
  totalBytes: number,
): Segment[] | null {
  const sorted = [...saved].sort((a, b) => a[0] - b[0]);
  let at = 0;
  const segments: Segment[] = [];
  for (const [start, end, written] of sorted) {
    if (start !== at || end < start || written < start || written > end) return null;
    segments.push({ start, end, received: written, written, taken: false });
    at = end;
  }
  return at === totalBytes ? segments : null;
}
