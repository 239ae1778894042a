import { SluiceError } from '../../protocol/error.ts';

/** A listing's cursor: the order number of the last listed row. */
export function encodeCursor(n: number): string {
  return n.toString(36);
}

/** @throws SluiceError `invalid_cursor` */
export function decodeCursor(cursor: string): number {
  const n = /^[0-9a-z]{1,8}$/.test(cursor) ? Number.parseInt(cursor, 36) : Number.NaN;
  if (!(n >= 1 && n <= 999_999_999_999)) throw new SluiceError('invalid_cursor');
  return n;
}
