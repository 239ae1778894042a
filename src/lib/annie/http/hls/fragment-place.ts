/** Where a fragment is in the body of a response, checked against earlier responses for the same file. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf, isWholeFile } from '../extent.ts';
import { type Head, repeatsVersion, sharesSize, type Validators, validatorsOf } from '../head.ts';

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
  /** What the response reports of its file. */
  seen: SeenFile;
}

/** What responses have reported of a file. */
export interface SeenFile {
  validators: Validators;
  /** Null = unknown. */
  totalBytes: number | null;
}

/** The file is another version than the one whose bytes are on the disk. */
export class FileChanged extends Error {}

/**
 * The place in a response to a request for a range; null = request the file without a range. A 200 is used only for a
 * range from byte 0 on: some servers send the range, or everything from its start, with the head of the whole.
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
    const isLongEnough = extent.bytes === null || extent.bytes >= (range.end ?? 0);
    return range.start === 0 && isLongEnough ? { skip: 0, bodyBytes: null, seen } : null;
  }
  const { start, end, totalBytes, fits } = extent;
  // without a total nothing says where an open range ends
  const wantedEnd = range.end ?? totalBytes;
  if (start !== range.start || !fits || wantedEnd === null) return null;
  if (totalBytes !== null && totalBytes < wantedEnd) return null;
  if (range.end === null && end < wantedEnd) return null;
  // a longer part is cut at the end of the range
  return { skip: 0, bodyBytes: end === wantedEnd ? end - start : null, seen };
}

/**
 * The place in a response to a request without a range.
 * @param range what is needed of the file; null = all of it
 * @throws FileChanged, SluiceError `remote_status`, `remote_contradiction`
 */
export function placeInFullResponse(
  status: number,
  head: Head,
  range: ByteRange | null,
  known: SeenFile | null,
): FragmentPlace {
  if (!isWholeFile({ status, head }))
    throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
  const extent = extentOf(status, head);
  const seen = seenIn(extent, head);
  const { totalBytes: bytes } = seen;
  if (known !== null && !isSameFile(known, seen)) {
    const isContradiction = hasOtherSize(known, seen) && sharesSize(known.validators, seen.validators);
    throw isContradiction && bytes !== null ? contradiction(bytes, known.totalBytes) : new FileChanged();
  }
  const lastByte = range === null ? null : (range.end ?? range.start) - 1;
  if (lastByte !== null && bytes !== null && bytes <= lastByte) {
    throw new SluiceError(
      'remote_contradiction',
      `The playlist names byte ${lastByte} of a file of ${bytes} bytes.`,
    );
  }
  return { skip: range?.start ?? 0, bodyBytes: null, seen };
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
