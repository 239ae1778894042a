/**
 * What the first answer means for a file: resume, fetch from the start, ask again, or fail. Size, version and place are
 * checked against everything known about the file, so that a contradicting answer never starts a download. Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf } from '../extent.ts';
import {
  type Head,
  relationOf,
  sameVersion,
  sharesSize,
  type Validators,
  validatorsOf,
  type Version,
} from '../head.ts';

export type Opening =
  /** The body is the part from the requested byte to `end` (exclusive) of a file of known size. */
  | { mode: 'ranged'; end: number; totalBytes: number; validators: Validators }
  /** The body is the whole file, from byte 0. A body of one of `refusedBytes` is a part of it after all. */
  | { mode: 'whole'; totalBytes: number | null; refusedBytes: readonly number[]; validators: Validators }
  /**
   * Ask again, and check that answer against this one: without a range, because this answer is unusable or contradicts
   * what is known; from byte 0 if it is about another version (`isOther`).
   */
  | { mode: 'again'; isOther: boolean; reported: readonly Version[]; partialSizes: readonly PartialSize[] };

/** A body of so many bytes is a part of this version, even if its head looks like that of the whole. */
export interface PartialSize {
  validators: Validators;
  bytes: number;
}

export interface Asked {
  /** First byte of the Range; null = no Range was sent. */
  from: number | null;
  /** The version whose bytes are on the disk; null = none. */
  known: Version | null;
  /** What else was reported for this address: by a look-up, by earlier answers. */
  reported?: readonly Version[];
  /** From the `again` that led to this request. */
  partialSizes?: readonly PartialSize[];
}

/**
 * @throws SluiceError `remote_contradiction`, `remote_status` if a request without a range was answered in a way that
 * cannot be used either
 */
export function interpret(status: number, head: Head, asked: Asked): Opening {
  const validators = validatorsOf(head);
  const extent: Extent = status === 416 ? { kind: 'unplaced' } : extentOf(status, head);
  const { from, known } = asked;
  if (from === null) {
    if (extent.kind === 'whole') return interpretWhole(extent.bytes, validators, asked);
    throw new SluiceError(
      'remote_status',
      status === 416
        ? 'The server answered 416 to a request without a range.'
        : 'The server sent a part that nobody asked for.',
    );
  }
  if (extent.kind === 'whole') {
    const { bytes } = extent;
    if (!mayBeWhole(bytes, validators, from, asked)) return again(asked, from, extent, validators);
    const refusedBytes = partialSizesOf(validators, asked);
    return { mode: 'whole', totalBytes: bytes, refusedBytes, validators };
  }
  // another place, or an unknown total: only the whole can be trusted
  if (extent.kind === 'unplaced' || extent.totalBytes === null || extent.start !== from)
    return again(asked, from, extent, validators);
  const { end, totalBytes, fits } = extent;
  // a part without a validator, so that the remaining bytes could not be requested safely
  const isStray = known === null && end < totalBytes && validators.ifRange === null;
  const isOther = known !== null && !sameVersion(known.validators, validators);
  const expected = known?.totalBytes ?? reportedSize(validators, asked);
  if (!fits || isStray || isOther || (expected !== null && expected !== totalBytes))
    return again(asked, from, extent, validators);
  return { mode: 'ranged', end, totalBytes, validators };
}

/**
 * Whether an answer to a range can be the whole file, as from a server without range support. Some servers send the
 * requested part with the head of the whole file, also after the file has changed.
 */
function mayBeWhole(bytes: number | null, validators: Validators, from: number, asked: Asked): boolean {
  const { known } = asked;
  const expected = reportedSize(validators, asked);
  if (expected !== null) return bytes === expected;
  if (bytes !== null && partialSizesOf(validators, asked).includes(bytes)) return false;
  if (known === null || from === 0) return true;
  if (relationOf(known.validators, validators) === 'other') return false;
  return bytes !== null && bytes > 0 && bytes !== known.totalBytes - from;
}

function again(asked: Asked, from: number, extent: Extent, validators: Validators): Opening {
  const { known } = asked;
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
  const isOther = known !== null && relationOf(known.validators, validators) === 'other';
  return { mode: 'again', isOther, reported, partialSizes };
}

/** An answer to a request without a range: there is nothing left to ask, so it fits or the download fails. */
function interpretWhole(bytes: number | null, validators: Validators, asked: Asked): Opening {
  const expected = reportedSize(validators, asked);
  if (expected !== null) {
    if (bytes !== null && bytes !== expected) throw contradiction(bytes, expected);
    return { mode: 'whole', totalBytes: expected, refusedBytes: [], validators };
  }
  const refusedBytes = partialSizesOf(validators, asked);
  if (bytes !== null && refusedBytes.includes(bytes)) throw contradiction(bytes, null);
  return { mode: 'whole', totalBytes: bytes, refusedBytes, validators };
}

/** Sizes of parts of this version, and of any version that cannot be told from it. */
function partialSizesOf(validators: Validators, { partialSizes = [] }: Asked): number[] {
  return partialSizes
    .filter((part) => relationOf(part.validators, validators) !== 'other')
    .map((part) => part.bytes);
}

/** The size that was reported for this version; null = none was. */
function reportedSize(validators: Validators, { known, reported = [] }: Asked): number | null {
  for (const version of known ? [known, ...reported] : reported) {
    if (sharesSize(version.validators, validators)) return version.totalBytes;
  }
  return null;
}
