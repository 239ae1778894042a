/** What the first answer means for a file: fetch on, fetch from the start, or give up. Pure. */
import { SluiceError } from '../../../protocol/error.ts';
import {
  codingsOf,
  contentLengthOf,
  contentRangeOf,
  type Head,
  sameVersion,
  type Validators,
  validatorsOf,
} from '../head.ts';

export type Opening =
  /** The body is the asked stretch of a file of known size. */
  | { mode: 'ranged'; totalBytes: number; validators: Validators }
  /** The body is the whole file, from byte 0. */
  | { mode: 'whole'; totalBytes: number | null; validators: Validators }
  /** Ask again without a range: the answer is of no use, or about another version. */
  | { mode: 'again' };

export interface Asked {
  /** First byte asked for; null = no Range was sent. */
  from: number | null;
  /** The version that is in the file so far; null = nothing is. */
  known: { validators: Validators; totalBytes: number } | null;
}

/** @throws SluiceError `size_mismatch`, `remote_status` for answers that contradict themselves */
export function interpret(status: number, head: Head, { from, known }: Asked): Opening {
  const validators = validatorsOf(head);
  if (status === 416) {
    if (from === null)
      throw new SluiceError('remote_status', 'The server answered 416 to a request without a range.');
    return { mode: 'again' };
  }
  const coded = codingsOf(head).length > 0;
  const length = contentLengthOf(head);
  if (status !== 206) return { mode: 'whole', totalBytes: coded ? null : length, validators };
  if (from === null) throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
  const range = contentRangeOf(head);
  // an unknown total, another place or a coded part: only the whole can be trusted
  if (range?.total == null || range.start !== from || coded) return { mode: 'again' };
  if (length !== null && length !== range.end - range.start) {
    throw new SluiceError(
      'size_mismatch',
      `The server announced ${length} bytes for a part of another size.`,
    );
  }
  const { total } = range;
  // a part that is no more than a part, of no version that the rest could be asked of
  if (known === null && range.end < total && validators.ifRange === null) return { mode: 'again' };
  if (known && (known.totalBytes !== total || !sameVersion(known.validators, validators)))
    return { mode: 'again' };
  return { mode: 'ranged', totalBytes: total, validators };
}
