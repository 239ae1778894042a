/** The error for a response that contradicts earlier ones. Pure. */
import { SluiceError } from '../protocol/error.ts';

/**
 * Both sizes in bytes.
 * @param earlier reported for the same version; null = `now` is known to be the size of a part of it
 */
export function contradiction(now: number, earlier: number | null): SluiceError {
  const before = earlier === null ? 'only a part of the file' : `${earlier} for the same version`;
  return new SluiceError(
    'remote_contradiction',
    `The server reports a size of ${now} bytes; its earlier answers make that ${before}.`,
  );
}
