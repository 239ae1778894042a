/**
 * How a file that is being fetched is divided: one segment for each connection, and how far each has come. A connection
 * that has finished its segment takes half of the largest one left. Pure.
 */
export interface Segment {
  readonly start: number;
  /** Exclusive; null = until the server ends it. Moves down when another connection takes the tail. */
  end: number | null;
  /** Next byte to receive. */
  received: number;
  /** Next byte to write to the file; never above `received`. */
  written: number;
  /** A connection works on it. */
  isBusy: boolean;
}

/** As it is stored; `end` is exclusive. */
export type SavedSegment = [start: number, end: number, written: number];

export function newSegment(start: number, end: number | null): Segment {
  return { start, end, received: start, written: start, isBusy: false };
}

export function isDone({ end, received }: Segment): boolean {
  return end !== null && received >= end;
}

/** Bytes still to receive; Infinity when the end is unknown. */
export function missingBytes({ end, received }: Segment): number {
  return end === null ? Infinity : Math.max(0, end - received);
}

export function receivedBytes(segments: readonly Segment[]): number {
  let bytes = 0;
  for (const { start, received } of segments) bytes += received - start;
  return bytes;
}

export function writtenBytes(segments: readonly Segment[]): number {
  let bytes = 0;
  for (const { start, written } of segments) bytes += written - start;
  return bytes;
}

/** The earliest unfinished segment without a connection. */
export function nextFreeSegment(segments: readonly Segment[]): Segment | null {
  const free = segments.filter((segment) => !segment.isBusy && !isDone(segment));
  return free.reduce<Segment | null>(
    (first, each) => (first && first.start < each.start ? first : each),
    null,
  );
}

/** Gives an untouched segment back to the one before it. Does nothing when that one is done or bytes have arrived. */
export function undoSplit(segments: Segment[], segment: Segment): void {
  const before = segments.find((each) => each.end === segment.start && each !== segment);
  if (!before || isDone(before) || segment.received > segment.start) return;
  before.end = segment.end;
  segments.splice(segments.indexOf(segment), 1);
}

/** Restores saved segments; what was received but not written is fetched again. Null when they do not cover the file. */
export function restoreSegments(saved: readonly SavedSegment[], totalBytes: number): Segment[] | null {
  const sorted = [...saved].sort((a, b) => a[0] - b[0]);
  let at = 0;
  const segments: Segment[] = [];
  for (const [start, end, written] of sorted) {
    if (start !== at || end < start || written < start || written > end) return null;
    segments.push({ start, end, received: written, written, isBusy: false });
    at = end;
  }
  return at === totalBytes ? segments : null;
}
