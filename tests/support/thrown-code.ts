import { SluiceError } from '#lib/protocol/error.ts';

/** The code of the SluiceError that `body` throws at once; `no error` if it throws none. */
export function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (thrown) {
    return thrown instanceof SluiceError ? thrown.code : String(thrown);
  }
  return 'no error';
}
