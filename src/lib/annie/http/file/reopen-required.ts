/** Why a file cannot go on as it was opened. Pure. */
import type { SluiceError } from '../../../protocol/error.ts';

/** The file has to be opened again: the missing bytes cannot be fetched from what is known of it. */
export class ReopenRequired extends Error {
  /** The error if it keeps happening. */
  readonly failure: SluiceError;
  /** Of the file, when it stopped. */
  readonly receivedBytes: number;
  /** Responses to a range are unusable. */
  readonly withoutRange: boolean;

  constructor(failure: SluiceError, receivedBytes: number, withoutRange = false) {
    super(failure.message);
    this.failure = failure;
    this.receivedBytes = receivedBytes;
    this.withoutRange = withoutRange;
  }
}

/** The file changed, or another server has another version of it. */
export function isOtherVersion(thrown: unknown): boolean {
  return thrown instanceof ReopenRequired && thrown.failure.code === 'file_changed';
}
