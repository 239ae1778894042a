import { SluiceError } from '../../../src/lib/protocol/error.ts';

/** The code of the error that `body` throws; errors without a code are rethrown. */
export function codeOf(body: () => unknown): string | null {
  try {
    body();
    return null;
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
}

/** The same for a rejection. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
}
