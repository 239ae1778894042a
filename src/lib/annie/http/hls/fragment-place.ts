/** Where a fragment is in the body of a response, checked against earlier responses for the same file. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf, isWholeFile } from '../extent.ts';
import { type Head, repeatsVersion, sharesSize, type Validators, validatorsOf } from '../head.ts';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';

export interface FragmentPlace {
  /** Bytes of the body before the fragment. */
  skip: number;
  /** Exact length of the body; null = it may be longer than the fragment. */
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
 * The place in a response to a request for the fragment's range; null = request the file without a range. A 200 is used
 * only for a fragment at byte 0: some servers send the range, or everything from its start, with the head of the whole.
 * @param known from earlier responses for the same file
 */
export function placeInRangeResponse(
  status: number,
  head: Head,
  range: NonNullable<Fragment['range']>,
  known: SeenFile | null,
): FragmentPlace | null {
  // its Content-Range, if any, has no place
  if (status === 416) return null;
  const extent = extentOf(status, head);
  const seen = seenIn(extent, head);
  if (extent.kind === 'unplaced' || !isSameFile(known, seen)) return null;
  if (extent.kind === 'whole') {
    const isLongEnough = extent.bytes === null || extent.bytes >= range.end;
    return range.start === 0 && isLongEnough ? { skip: 0, bodyBytes: null, seen } : null;
  }
  const { start, end, totalBytes, fits } = extent;
  if (start !== range.start || !fits || (totalBytes !== null && totalBytes < range.end)) return null;
  // a longer part is cut at the end of the fragment
  return { skip: 0, bodyBytes: end === range.end ? end - start : null, seen };
}

/**
 * The place in a response to a request without a range.
 * @param range null = the fragment is all of the file
 * @throws FileChanged, SluiceError `remote_status`, `remote_contradiction`
 */
export function placeInFullResponse(
  status: number,
  head: Head,
  range: Fragment['range'],
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
  if (range !== null && bytes !== null && bytes < range.end) {
    throw new SluiceError(
      'remote_contradiction',
      `The playlist names byte ${range.end - 1} of a file of ${bytes} bytes.`,
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
