/**
 * What the first response means for a download: resume, fetch from the start, request again, or fail. Size, version and
 * range are checked against all that is known of the file, so that a contradicting response never starts a download. Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { type Extent, extentOf } from '../head/extent.ts';
import {
  type Head,
  relationOf,
  repeatsVersion,
  type Validators,
  validatorsOf,
  type Version,
} from '../head/head.ts';
import {
  expectedSize,
  type PartialSize,
  partialSizesOf,
  type ReportedSizes,
  wholeSize,
} from '../head/reported.ts';

export type OpenDecision =
  /** The body is the part from the requested byte to `end` (exclusive) of a file of known size. */
  | { mode: 'ranged'; end: number; totalBytes: number; validators: Validators }
  /** The body is the whole file. If it ends after one of `partialBytes`, it was only a part. */
  | { mode: 'whole'; totalBytes: number | null; partialBytes: readonly number[]; validators: Validators }
  /**
   * Request again without a range, because this response is unusable or contradicts what is known, and check that response
   * against this one; from byte 0 if it is about another version (`isOther`).
   */
  | { mode: 'again'; isOther: boolean; reported: readonly Version[]; partialSizes: readonly PartialSize[] };

export interface RequestContext {
  /** First byte of the Range; null = no Range was sent. */
  from: number | null;
  /** The version whose bytes are on the disk; null = none. */
  known: Version | null;
  /** What else was reported for this address: by a look-up, by earlier responses. */
  reported?: readonly Version[];
  /** From the `again` that led to this request. */
  partialSizes?: readonly PartialSize[];
  /** It is known to be a file, whatever its head calls it. */
  isSniffed?: boolean;
}

/**
 * @throws SluiceError `remote_contradiction`, `remote_status` if a request without a range was answered in a way that
 * cannot be used either
 */
export function interpret(status: number, head: Head, context: RequestContext): OpenDecision {
  const validators = validatorsOf(head);
  const extent: Extent = status === 416 ? { kind: 'unplaced' } : extentOf(status, head);
  const { from, known } = context;
  if (from === null) {
    if (extent.kind === 'whole') return interpretWhole(extent.bytes, validators, context);
    throw new SluiceError(
      'remote_status',
      status === 416
        ? 'The server answered 416 to a request without a range.'
        : 'The server sent a part that nobody asked for.',
    );
  }
  if (extent.kind === 'whole') {
    const { bytes } = extent;
    if (!mayBeWhole(bytes, validators, from, context)) return retry(context, from, extent, validators);
    const partialBytes = partialSizesOf(validators, reportedIn(context));
    return { mode: 'whole', totalBytes: bytes, partialBytes, validators };
  }
  // another range, or an unknown total: only the whole file can be trusted
  if (extent.kind === 'unplaced' || extent.totalBytes === null || extent.start !== from)
    return retry(context, from, extent, validators);
  const { end, totalBytes, fits } = extent;
  // a part without a validator: the missing bytes could not be requested safely
  const isNotResumable = known === null && end < totalBytes && validators.ifRange === null;
  const isUnproven =
    known !== null && (!repeatsVersion(known.validators, validators) || isOtherThan(known, validators));
  const expected = expectedSize(validators, reportedIn(context));
  if (!fits || isNotResumable || isUnproven || (expected !== null && expected !== totalBytes))
    return retry(context, from, extent, validators);
  return { mode: 'ranged', end, totalBytes, validators };
}

/**
 * Whether a response to a range can be the whole file, as from a server without range support. Some servers send the
 * requested part, or more or less than that, with the head of a whole file and without the validators that they sent
 * before. So any size but the known one is confirmed by a request without a range, unless the version is another.
 */
function mayBeWhole(
  bytes: number | null,
  validators: Validators,
  from: number,
  context: RequestContext,
): boolean {
  const { known } = context;
  const expected = expectedSize(validators, reportedIn(context));
  if (expected !== null) return bytes === expected;
  if (bytes !== null && partialSizesOf(validators, reportedIn(context)).includes(bytes)) return false;
  return known === null || from === 0;
}

function retry(context: RequestContext, from: number, extent: Extent, validators: Validators): OpenDecision {
  const { known } = context;
  const reported: Version[] = [];
  const partialSizes: PartialSize[] = [];
  if (known !== null && from > 0) {
    partialSizes.push({ validators: known.validators, bytes: known.totalBytes - from });
  }
  if (extent.kind === 'part' && extent.totalBytes !== null) {
    const { start, end, totalBytes } = extent;
    reported.push({ validators, totalBytes });
    if (end - start !== totalBytes) partialSizes.push({ validators, bytes: end - start });
  }
  const isOther = known !== null && (isOtherThan(known, validators) || hasOtherTotal(known, from, extent));
  return { mode: 'again', isOther, reported, partialSizes };
}

function isOtherThan(known: Version, validators: Validators): boolean {
  return relationOf(known.validators, validators) === 'other';
}

/** Without a strong validator another total in the requested part is all that shows another version. */
function hasOtherTotal(known: Version, from: number, extent: Extent): boolean {
  if (known.validators.ifRange !== null || extent.kind !== 'part' || extent.start !== from) return false;
  return extent.fits && extent.totalBytes !== null && extent.totalBytes !== known.totalBytes;
}

function interpretWhole(bytes: number | null, validators: Validators, context: RequestContext): OpenDecision {
  return { mode: 'whole', ...wholeSize(bytes, validators, reportedIn(context)), validators };
}

function reportedIn({ known, reported = [], partialSizes = [] }: RequestContext): ReportedSizes {
  return { versions: known ? [known, ...reported] : reported, partialSizes };
}
