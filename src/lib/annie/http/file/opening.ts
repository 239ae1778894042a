/**
 * What the first answer means for a file: fetch on, fetch from the start, ask again, or give up. What a server says of
 * size, version and place is held against what is known, and a contradiction is never the start of a file. Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import { type Extent, extentOf } from '../extent.ts';
import { type Head, relationOf, sameVersion, type Validators, validatorsOf, type Version } from '../head.ts';

export type Opening =
  /** The body is the part from the asked byte to `end` (exclusive) of a file of known size. */
  | { mode: 'ranged'; end: number; totalBytes: number; validators: Validators }
  /** The body is the whole file, from byte 0, and not of one of these sizes. */
  | { mode: 'whole'; totalBytes: number | null; refusedBytes: readonly number[]; validators: Validators }
  /**
   * Ask again, and hold what was said here against the answer: without a range, as this one is of no use or contradicts
   * what is known; from the first byte, as it is about another version (`isOther`).
   */
  | { mode: 'again'; isOther: boolean; told: readonly Version[]; parts: readonly PartSize[] };

/** An answer of so many bytes about this version is a part of it, whatever it says. */
export interface PartSize {
  validators: Validators;
  bytes: number;
}

export interface Asked {
  /** First byte asked for; null = no Range was sent. */
  from: number | null;
  /** The version that is in the file so far; null = nothing is. */
  known: Version | null;
  /** What else was said of this address: by a look-up, by earlier answers. */
  told?: readonly Version[];
  /** Of the `again` that led to this request. */
  parts?: readonly PartSize[];
}

/**
 * @throws SluiceError `remote_contradiction`, `size_mismatch`, `remote_status` for what no other request would mend
 */
export function interpret(status: number, head: Head, asked: Asked): Opening {
  const validators = validatorsOf(head);
  const extent: Extent = status === 416 ? { kind: 'unplaced' } : extentOf(status, head);
  const { from, known } = asked;
  if (from === null) {
    if (extent.kind === 'whole') return unasked(extent.bytes, validators, asked);
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
    return { mode: 'whole', totalBytes: bytes, refusedBytes: partsOf(validators, asked), validators };
  }
  // another place, or an unknown total: only the whole can be trusted
  if (extent.kind === 'unplaced' || extent.totalBytes === null || extent.start !== from)
    return again(asked, from, extent, validators);
  const { end, totalBytes, fits } = extent;
  if (!fits && status === 206) {
    throw new SluiceError('size_mismatch', 'The server announced another length than that of its part.');
  }
  // a part that is no more than a part, of no version that the rest could be asked of
  const isStray = known === null && end < totalBytes && validators.ifRange === null;
  const isOther = known !== null && !sameVersion(known.validators, validators);
  const said = known?.totalBytes ?? sizeSaid(validators, asked);
  if (!fits || isStray || isOther || (said !== null && said !== totalBytes))
    return again(asked, from, extent, validators);
  return { mode: 'ranged', end, totalBytes, validators };
}

/**
 * Whether all of the file may have come where a part was asked for, as from a server without ranges, or of no version.
 * Some send the part, and say of it what they would of the whole: of another version too, whose size nobody knows.
 */
function mayBeWhole(bytes: number | null, validators: Validators, from: number, asked: Asked): boolean {
  const { known } = asked;
  const said = sizeSaid(validators, asked);
  if (said !== null) return bytes === said;
  if (bytes !== null && partsOf(validators, asked).includes(bytes)) return false;
  if (known === null || from === 0) return true;
  if (relationOf(known.validators, validators) === 'other') return false;
  return bytes !== null && bytes > 0 && bytes !== known.totalBytes - from;
}

function again(asked: Asked, from: number, extent: Extent, validators: Validators): Opening {
  const { known } = asked;
  const told: Version[] = [];
  const parts: PartSize[] = [];
  if (known !== null && from > 0) {
    parts.push({ validators: known.validators, bytes: known.totalBytes - from });
  }
  if (extent.kind === 'part' && extent.totalBytes !== null) {
    const { start, end, totalBytes } = extent;
    told.push({ validators, totalBytes });
    if (end - start !== totalBytes) parts.push({ validators, bytes: end - start });
  }
  const isOther = known !== null && relationOf(known.validators, validators) === 'other';
  return { mode: 'again', isOther, told, parts };
}

/** The answer to a request without a range. It is the last word: it fits, or nothing does. */
function unasked(bytes: number | null, validators: Validators, asked: Asked): Opening {
  const said = sizeSaid(validators, asked);
  if (said !== null) {
    if (bytes !== null && bytes !== said) throw contradiction(bytes, said);
    return { mode: 'whole', totalBytes: said, refusedBytes: [], validators };
  }
  const refusedBytes = partsOf(validators, asked);
  if (bytes !== null && refusedBytes.includes(bytes)) throw contradiction(bytes, null);
  return { mode: 'whole', totalBytes: bytes, refusedBytes, validators };
}

/** Sizes that are those of parts of this version, as far as it can be told. */
function partsOf(validators: Validators, { parts = [] }: Asked): number[] {
  return parts
    .filter((part) => relationOf(part.validators, validators) !== 'other')
    .map((part) => part.bytes);
}

/** The size of the very version that the validators speak of, as it was said before; null = it was not. */
function sizeSaid(validators: Validators, { known, told = [] }: Asked): number | null {
  for (const version of known ? [known, ...told] : told) {
    if (relationOf(version.validators, validators) === 'same') return version.totalBytes;
  }
  return null;
}
