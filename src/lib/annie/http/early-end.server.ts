/**
 * Encoded bodies that are closed before their Content-Length. Some servers announce the length of what is encoded: if just as
 * much was decoded when the connection ends, browsers take the body for whole (https://crbug.com/79694).
 */
import type { Readable } from 'node:stream';
import { isOrderlyClose } from './network-error.ts';

/** `error` null = the body has not ended early. */
const watched = new WeakMap<Readable, { error: Error | null; isDecoded: boolean }>();

/** A body that is closed early ends, so that no byte is lost; `errorOfEarlyEnd` says so. To be called before its first piece. */
export function allowEarlyEnd(body: Readable): void {
  const state = { error: null as Error | null, isDecoded: true };
  const destroy = body.destroy.bind(body);
  watched.set(body, state);
  body.destroy = (error?: Error) => {
    if (!state.isDecoded || state.error !== null || !isOrderlyClose(error)) return destroy(error);
    state.error = error;
    body.push(null);
    return body;
  };
}

/** The body is read as it comes: there is nothing that its length could be of instead. */
export function forbidEarlyEnd(body: Readable): void {
  const state = watched.get(body);
  if (!state) return;
  state.isDecoded = false;
  if (state.error !== null) body.destroy(state.error);
}

/** Null = it has not ended early, or has only the length of what is encoded. @param announcedBytes null = unknown */
export function errorOfEarlyEnd(
  body: Readable,
  announcedBytes: number | null,
  decodedBytes: number,
): Error | null {
  return decodedBytes === announcedBytes ? null : (watched.get(body)?.error ?? null);
}
