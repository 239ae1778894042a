/** The boxes of MP4 in memory (ISO/IEC 14496-12, section 4.2), each once, in order. Pure. */

export interface Box {
  type: string;
  /** Of its content, in the view. */
  start: number;
  /** Exclusive. */
  end: number;
}

/** Those in [start, end). Ends at one that is cut, or is none. */
export function* boxesIn(view: DataView, start = 0, end = view.byteLength): Generator<Box> {
  for (let at = start; at + 8 <= end;) {
    const short = view.getUint32(at);
    const isLong = short === 1;
    if (isLong && at + 16 > end) return;
    const size = short === 0 ? end - at : isLong ? Number(view.getBigUint64(at + 8)) : short;
    const head = isLong ? 16 : 8;
    if (size < head || at + size > end) return;
    yield { type: typeAt(view, at + 4), start: at + head, end: at + size };
    at += size;
  }
}

function typeAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((byte) => view.getUint8(at + byte)));
}

/** A number at a place in a box; null = the box ends before. */
export function numberAt(view: DataView, { start, end }: Box, offset: number): number | null {
  return start + offset + 4 <= end ? view.getUint32(start + offset) : null;
}
