/** Which bytes of its file the body of a response holds, according to its head. Pure. */
import { codingsOf } from './codings.ts';
import { contentLengthOf, contentRangeOf, contentTypeOf, type Head } from './head.ts';

export type Extent =
  /** All bytes. `bytes` null = not announced, or only for the encoded body. */
  | { kind: 'whole'; bytes: number | null }
  /** Bytes [start, end) of a file of `totalBytes` (null = `*`). `fits`: Content-Length, if any, agrees. */
  | { kind: 'part'; start: number; end: number; totalBytes: number | null; fits: boolean }
  /** Unknown: the body cannot be used. */
  | { kind: 'unplaced' };

/**
 * For a successful response (2xx). Content-Range is defined for 206 and 416 only (RFC 9110, section 14.4), but a 200 that
 * has one holds that part and no more: browsers and curl read it so.
 */
export function extentOf(status: number, head: Head): Extent {
  if (contentTypeOf(head) === 'multipart/byteranges') return { kind: 'unplaced' };
  const isCoded = codingsOf(head).length > 0;
  const length = contentLengthOf(head);
  const range = contentRangeOf(head);
  if (range === null) {
    return status === 206 ? { kind: 'unplaced' } : { kind: 'whole', bytes: isCoded ? null : length };
  }
  if (isCoded) return { kind: 'unplaced' };
  const { start, end, total } = range;
  const fits = length === null || length === end - start;
  if (status !== 206 && fits && start === 0 && end === total) return { kind: 'whole', bytes: total };
  return { kind: 'part', start, end, totalBytes: total, fits };
}

/** Whether a successful response has all bytes of its file, according to its head. */
export function isWholeFile({ status, head }: { status: number; head: Head }): boolean {
  const extent = extentOf(status, head);
  return (
    extent.kind === 'whole' ||
    (extent.kind === 'part' && extent.start === 0 && extent.end === extent.totalBytes)
  );
}
