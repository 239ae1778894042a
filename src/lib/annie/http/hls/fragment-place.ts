/** Where a fragment is in the body of a response, checked against earlier responses for the same file. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf, isWholeFile } from '../extent.ts';
import { type Head, sharesSize, type Validators, validatorsOf, type Version } from '../head.ts';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';

export interface FragmentPlace {
  /** Bytes of the body before the fragment. */
  skip: number;
  /** Exact length of the body; null = it may be longer than the fragment. */
  bodyBytes: number | null;
  /** Version and size that the response reports; null = nothing to compare. */
  version: Version | null;
}

/**
 * The place in a response to a request for the fragment's range; null = request the file without a range. A 200 is used
 * only for a fragment at byte 0: some servers send the range, or everything from its start, with the head of the whole.
 * @param known from earlier responses for the same file
 */
export function placeInRangeResponse(
  status: number,
  head: Head,
  range: NonNullable<Fragment['range']>,
  known: Version | null,
): FragmentPlace | null {
  const extent = extentOf(status, head);
  const version = versionOf(extent, validatorsOf(head));
  if (extent.kind === 'unplaced' || conflictingSize(known, version) !== null) return null;
  if (extent.kind === 'whole') {
    const isLongEnough = extent.bytes === null || extent.bytes >= range.end;
    return range.start === 0 && isLongEnough ? { skip: 0, bodyBytes: null, version } : null;
  }
  const { start, end, totalBytes, fits } = extent;
  if (start !== range.start || !fits || (totalBytes !== null && totalBytes < range.end)) return null;
  // a longer part is cut at the end of the fragment
  return { skip: 0, bodyBytes: end === range.end ? end - start : null, version };
}

/**
 * The place in a response to a request without a range.
 * @param range null = the fragment is all of the file
 * @throws SluiceError `remote_status`, `remote_contradiction`
 */
export function placeInFullResponse(
  status: number,
  head: Head,
  range: Fragment['range'],
  known: Version | null,
): FragmentPlace {
  if (!isWholeFile({ status, head }))
    throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
  const extent = extentOf(status, head);
  const bytes = extent.kind === 'part' ? extent.totalBytes : extent.kind === 'whole' ? extent.bytes : null;
  const version = versionOf(extent, validatorsOf(head));
  const earlier = conflictingSize(known, version);
  if (earlier !== null && bytes !== null) throw contradiction(bytes, earlier);
  if (range !== null && bytes !== null && bytes < range.end) {
    throw new SluiceError(
      'remote_contradiction',
      `The playlist names byte ${range.end - 1} of a file of ${bytes} bytes.`,
    );
  }
  return { skip: range?.start ?? 0, bodyBytes: null, version };
}

function versionOf(extent: Extent, validators: Validators): Version | null {
  if (extent.kind === 'unplaced') return null;
  const totalBytes = extent.kind === 'whole' ? extent.bytes : extent.totalBytes;
  return totalBytes === null ? null : { validators, totalBytes };
}

/** The earlier size, if it differs for the same version. */
function conflictingSize(known: Version | null, now: Version | null): number | null {
  if (known === null || now === null || known.totalBytes === now.totalBytes) return null;
  return sharesSize(known.validators, now.validators) ? known.totalBytes : null;
}
