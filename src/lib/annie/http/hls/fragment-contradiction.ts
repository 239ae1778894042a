/** What it means that the body of a response to a request without a range does not fit what is known of its file. */
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { isEvidence } from '../file/seam.server.ts';
import { endsByClose, type Head, relationOf, validatorsOf } from '../head/head.ts';
import type { PartialSize, SeenFile } from '../head/reported.ts';
import type { WrongBodyEnd, OtherBytes } from './fragment-body.server.ts';
import { BLOCK_BYTES } from './fragment-keys.server.ts';
import type { PartNote } from './fragment-part.server.ts';
import type { PlacedResponse } from './fragment-requests.server.ts';
import type { MissingRange } from './fragment-rest.server.ts';

/** Fewer may be equal by chance. */
const MIN_COMPARED_BYTES = 16;

/** What responses whose bytes were dropped have reported of a fragment's file. */
export interface DroppedReports {
  versions: SeenFile[];
  partialSizes: PartialSize[];
}

/** A response, and what was known when it came. */
export interface FragmentResponse {
  placed: PlacedResponse;
  /** What had been requested first. */
  rest: MissingRange;
  /** Bytes that were on the disk. */
  had: number;
  /** Of those. */
  begun: PartNote | null;
  /** What earlier responses had reported; null = nothing. */
  before: SeenFile | null;
  dropped: DroppedReports;
}

/**
 * The failure of a body that differs from the bytes on the disk although it is said to begin with byte 0: it is of their
 * version, or it is a part of their file. Null = the file has changed; `dropped` then has the size that such a part has.
 */
export function contradictionIn(
  { received, at }: OtherBytes,
  { url, range, key }: Fragment,
  { placed, rest, begun, before, dropped }: FragmentResponse,
): SluiceError | null {
  const { head } = placed.response;
  const hasEnded = received.length === 0;
  if (hasEnded && endsByClose(head)) return closedEarly();
  // under another address the same ETag may be of another file
  const known = range !== null || begun?.url === url ? before : null;
  const isSame = known !== null && relationOf(known.validators, validatorsOf(head)) === 'same';
  // What is shorter, and the same so far, is no other version either.
  if (isSame || (hasEnded && at > 0) || (at === 0 && isRest(received, rest, key !== null))) {
    return new SluiceError(
      'remote_contradiction',
      'The server sent a part of a file as all of it: its bytes are not those that were fetched before.',
    );
  }
  if (before !== null && before.totalBytes !== null && rest.from > 0)
    dropped.partialSizes.push({ validators: before.validators, bytes: before.totalBytes - rest.from });
  return null;
}

/** Whether a body begins as what was requested of the file before. */
function isRest(received: Buffer, { from, saved }: MissingRange, isEncrypted: boolean): boolean {
  // the first block cannot be decrypted without the one before it
  const start = isEncrypted && from > 0 ? BLOCK_BYTES : 0;
  const length = Math.min(received.length - start, saved.length);
  if (length < MIN_COMPARED_BYTES || !isEvidence(saved.subarray(0, length))) return false;
  return received.subarray(start, start + length).equals(saved.subarray(0, length));
}

/** The failure of a body that ends where its file does not. */
export function wrongEnd({ isShort }: WrongBodyEnd, head: Head): SluiceError {
  if (isShort && endsByClose(head)) return closedEarly();
  return new SluiceError(
    'remote_contradiction',
    'The server sent a body without a length that ends elsewhere than its file, by what it has reported.',
  );
}

function closedEarly(): SluiceError {
  return new SluiceError('size_mismatch', 'The connection was closed before the end of the file.');
}
