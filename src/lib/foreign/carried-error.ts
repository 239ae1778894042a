/** An error as it passes from a thread: plain data, the same error again on the other side. */
import { type ErrorView, SluiceError } from '../protocol/error.ts';

export interface CarriedError extends ErrorView {
  transient: boolean;
  retryAfterMs: number | null;
}

export function carry({ view, transient, retryAfterMs }: SluiceError): CarriedError {
  return { ...view, transient, retryAfterMs };
}

export function restore({ code, message, transient, retryAfterMs }: CarriedError): SluiceError {
  return new SluiceError(code, message, {
    transient,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
