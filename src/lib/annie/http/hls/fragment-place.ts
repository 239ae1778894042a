/** Where in the body of an answer the bytes of a fragment are, by what is known of the file they are cut out of. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf, holdsAll } from '../extent.ts';
import { type Head, relationOf, type Validators, validatorsOf, type Version } from '../head.ts';
import type { Fragment } from '../../../foreign/playlist/playlist.ts';

export interface Place {
  /** Bytes of the body before the fragment's. */
  skip: number;
  /** Bytes of the body, where it must have no more and its framing does not see to that; null = any number. */
  bodyBytes: number | null;
  /** What the answer says of the file; null = nothing that could be held against a later one. */
  version: Version | null;
}

/**
 * The place in an answer to a request for the fragment's range; null = it has to be asked for without one. All of the
 * file is not taken here, unless the fragment begins it: some servers send the range, or all from its start, and say
 * of it what they would of the whole.
 * @param known what was said of the file before
 */
export function placeInPart(
  status: number,
  head: Head,
  range: NonNullable<Fragment['range']>,
  known: Version | null,
): Place | null {
  const extent = extentOf(status, head);
  const version = versionOf(extent, validatorsOf(head));
  if (extent.kind === 'unplaced' || saidBefore(known, version) !== null) return null;
  if (extent.kind === 'whole') {
    const isLongEnough = extent.bytes === null || extent.bytes >= range.end;
    return range.start === 0 && isLongEnough ? { skip: 0, bodyBytes: null, version } : null;
  }
  const { start, end, totalBytes, fits } = extent;
  if (start !== range.start || !fits || (totalBytes !== null && totalBytes < range.end)) return null;
  // one that goes on past what was asked for is cut there
  return { skip: 0, bodyBytes: end === range.end ? end - start : null, version };
}

/**
 * The place in an answer to a request without a range.
 * @param range null = the fragment is all of the file
 * @throws SluiceError `remote_status`, `remote_contradiction`
 */
export function placeInWhole(
  status: number,
  head: Head,
  range: Fragment['range'],
  known: Version | null,
): Place {
  if (!holdsAll({ status, head }))
    throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
  const extent = extentOf(status, head);
  const bytes = extent.kind === 'part' ? extent.totalBytes : extent.kind === 'whole' ? extent.bytes : null;
  const version = versionOf(extent, validatorsOf(head));
  const said = saidBefore(known, version);
  if (said !== null && bytes !== null) throw contradiction(bytes, said);
  if (range !== null && bytes !== null && bytes < range.end) {
    throw new SluiceError(
      'remote_contradiction',
      `The playlist speaks of byte ${range.end - 1} of a file that has ${bytes} bytes.`,
    );
  }
  return { skip: range?.start ?? 0, bodyBytes: null, version };
}

function versionOf(extent: Extent, validators: Validators): Version | null {
  if (extent.kind === 'unplaced' || validators.ifRange === null) return null;
  const totalBytes = extent.kind === 'whole' ? extent.bytes : extent.totalBytes;
  return totalBytes === null ? null : { validators, totalBytes };
}

/** Another size that was said of the same version; null = none. */
function saidBefore(known: Version | null, now: Version | null): number | null {
  if (known === null || now === null || known.totalBytes === now.totalBytes) return null;
  return relationOf(known.validators, now.validators) === 'same' ? known.totalBytes : null;
}
