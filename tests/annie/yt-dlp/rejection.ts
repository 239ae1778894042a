import type { SluiceError } from '#lib/protocol/error.ts';

/** The error that a promise rejects with; throws when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<SluiceError> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as SluiceError;
  }
  throw new Error('it did not fail');
}
