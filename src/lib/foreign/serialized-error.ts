/** Errors as plain data, to pass them between processes. */
import { type ErrorView, SluiceError } from '../protocol/error.ts';

export interface SerializedError extends ErrorView {
  transient: boolean;
  retryAfterMs: number | null;
}

export function serializeError({ view, transient, retryAfterMs }: SluiceError): SerializedError {
  return { ...view, transient, retryAfterMs };
}

export function deserializeError({ code, message, transient, retryAfterMs }: SerializedError): SluiceError {
  return new SluiceError(code, message, {
    transient,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
