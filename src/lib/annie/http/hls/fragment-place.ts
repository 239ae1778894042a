/** Where a fragment is in the body of a response, checked against earlier responses for the same file. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf, isWholeFile } from '../head/extent.ts';
import { type Head, repeatsVersion, sharesSize, validatorsOf } from '../head/head.ts';
import { type ReportedSizes, type SeenFile, type WholeSize, wholeSize } from '../head/reported.ts';

/** Bytes [start, end) of a file; end null = to its end. */
export interface ByteRange {
  start: number;
  end: number | null;
}

export interface FragmentPlace {
  /** Bytes of the body before the requested range. */
  skip: number;
  /** Exact length of the body; null = it may be longer than the requested range. */
  bodyBytes: number | null;
  /**
   * The head says that the body is all of the file, but not how long it is: only its end shows whether that is true. Null =
   * its length is announced, or it is a part.
   */
  unproven: WholeSize | null;
  /** It is of another size than the bytes on the disk, and nothing but their bytes can show whether of another version. */
  isOtherSize: boolean;
  /** What the response reports of its file. */
  seen: SeenFile;
}

/** The file is another version than the one whose bytes are on the disk. */
export class FileChanged extends Error {}

/**
 * The place in a response to a request for a range; null = request the file without a range. A 200 is used only for a
 * range from byte 0 on: some servers send the range, or everything from its start, with the head of the whole. Where the
 * size of the file is known, the 200 has to announce it.
 * @param known from earlier responses for the same file
 */
export function placeInRangeResponse(
  status: number,
  head: Head,
  range: ByteRange,
  known: SeenFile | null,
): FragmentPlace | null {
  // its Content-Range, if any, has no place
  if (status === 416) return null;
  const extent = extentOf(status, head);
  const seen = seenIn(extent, head);
  if (extent.kind === 'unplaced' || !isSameFile(known, seen)) return null;
  if (extent.kind === 'whole') {
    const isLongEnough =
      extent.bytes === null ? (known?.totalBytes ?? null) === null : extent.bytes >= (range.end ?? 0);
    return range.start === 0 && isLongEnough
      ? { skip: 0, bodyBytes: null, unproven: null, isOtherSize: false, seen }
      : null;
  }
  const { start, end, totalBytes, fits } = extent;
  // without a total nothing says where an open range ends
  const wantedEnd = range.end ?? totalBytes;
  if (start !== range.start || !fits || wantedEnd === null) return null;
  if (totalBytes !== null && totalBytes < wantedEnd) return null;
  if (range.end === null && end < wantedEnd) return null;
  // a longer part is cut at the end of the range
  return {
    skip: 0,
    bodyBytes: end === wantedEnd ? end - start : null,
    unproven: null,
    isOtherSize: false,
    seen,
  };
}

/**
 * The place in a response to a request without a range.
 * @param range what is needed of the file; null = all of it
 * @param earlier what was reported for this file before its bytes were dropped
 * @throws FileChanged, SluiceError `remote_status`, `remote_contradiction`
 */
export function placeInFullResponse(
  status: number,
  head: Head,
  range: ByteRange | null,
  known: SeenFile | null,
  earlier: ReportedSizes = { versions: [], partialSizes: [] },
): FragmentPlace {
  if (!isWholeFile({ status, head }))
    throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
  const extent = extentOf(status, head);
  const seen = seenIn(extent, head);
  const { totalBytes: bytes } = seen;
  const isOtherSize = known !== null && hasOtherSize(known, seen);
  if (known !== null && !isSameFile(known, seen)) {
    const isContradiction = isOtherSize && sharesSize(known.validators, seen.validators);
    if (isContradiction && bytes !== null) throw contradiction(bytes, known.totalBytes);
    if (range !== null || !repeatsVersion(known.validators, seen.validators)) throw new FileChanged();
  }
  const versions = known === null ? earlier.versions : [known, ...earlier.versions];
  const size = wholeSize(bytes, seen.validators, { versions, partialSizes: earlier.partialSizes });
  const lastByte = range === null ? null : (range.end ?? range.start) - 1;
  if (lastByte !== null && size.totalBytes !== null && size.totalBytes <= lastByte) {
    throw new SluiceError(
      'remote_contradiction',
      `The playlist names byte ${lastByte} of a file of ${size.totalBytes} bytes.`,
    );
  }
  const hasEnd = size.totalBytes !== null || size.partialBytes.length > 0;
  return {
    skip: range?.start ?? 0,
    bodyBytes: range === null ? bytes : null,
    unproven: bytes === null && hasEnd ? size : null,
    isOtherSize,
    seen: { ...seen, totalBytes: size.totalBytes },
  };
}

/** What all responses for a file have reported, if they are of the same version. */
export function combined(known: SeenFile | null, seen: SeenFile): SeenFile {
  if (known === null) return seen;
  const { validators } = known.validators.ifRange === null && seen.validators.ifRange !== null ? seen : known;
  return { validators, totalBytes: known.totalBytes ?? seen.totalBytes };
}

function seenIn(extent: Extent, head: Head): SeenFile {
  const validators = validatorsOf(head);
  if (extent.kind === 'unplaced') return { validators, totalBytes: null };
  return { validators, totalBytes: extent.kind === 'whole' ? extent.bytes : extent.totalBytes };
}

/** Each response has to prove its version: its bytes are put beside those of others. */
function isSameFile(known: SeenFile | null, seen: SeenFile): boolean {
  return known === null || (repeatsVersion(known.validators, seen.validators) && !hasOtherSize(known, seen));
}

function hasOtherSize(known: SeenFile, seen: SeenFile): boolean {
  return known.totalBytes !== null && seen.totalBytes !== null && known.totalBytes !== seen.totalBytes;
}
