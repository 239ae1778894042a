/** What a server says of a file does not fit what it said before. Pure. */
import { SluiceError } from '../protocol/error.ts';

/** Both in bytes. @param said before, of the same version; null = that so many are only a part of it */
export function contradiction(now: number, said: number | null): SluiceError {
  const before = said === null ? 'before it sent as many as a part of it' : `before it said ${said}`;
  return new SluiceError(
    'remote_contradiction',
    `The server says that the file has ${now} bytes; ${before}.`,
  );
}
