import { SluiceError } from '../../../src/lib/protocol/error.ts';

/** The code of what `body` throws; anything without a code is thrown on. */
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
