import type { SluiceError } from '#lib/protocol/error.ts';

/** What the promise rejects with; throws when it does not. */
export async function failing(promise: Promise<unknown>): Promise<SluiceError> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as SluiceError;
  }
  throw new Error('it did not fail');
}
