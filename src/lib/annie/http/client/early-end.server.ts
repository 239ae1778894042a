/**
 * Bodies with a Content-Length whose connection is closed before the client (undici) has seen their end:
 *
 * - all bytes are here, and the parser, paused after the last one, has not said so yet: the server closes without announcing it;
 * - they are encoded, and what is announced is the length of what they encode: if just as much was decoded when the connection
 *   ends, browsers take the body for whole (https://crbug.com/79694).
 */
import type { Readable } from 'node:stream';
import { isOrderlyClose } from '../failure/network-error.ts';

interface EarlyEnd {
  /** Null = it has not ended early. */
  error: Error | null;
  isEncoded: boolean;
}

const watched = new WeakMap<Readable, EarlyEnd>();

/** To be called before the first piece of the body. */
export function watchEnd(body: Readable, announcedBytes: number, isEncoded: boolean): void {
  const state: EarlyEnd = { error: null, isEncoded };
  const [push, destroy] = [body.push.bind(body), body.destroy.bind(body)];
  let receivedBytes = 0;
  let isEnded = false;
  watched.set(body, state);
  body.push = (piece: Buffer | null) => {
    receivedBytes += piece?.length ?? 0;
    return push(piece);
  };
  body.destroy = (error?: Error) => {
    const isWhole = receivedBytes === announcedBytes;
    if (isEnded || !isOrderlyClose(error) || !(isWhole || state.isEncoded)) return destroy(error);
    isEnded = true;
    if (!isWhole) state.error = error;
    // No byte of what was received is lost.
    push(null);
    return body;
  };
}

/** The body is read as it comes: there is nothing else that its length could be of. */
export function ignoreLength(body: Readable): void {
  const state = watched.get(body);
  if (!state) return;
  state.isEncoded = false;
  if (state.error !== null) body.destroy(state.error);
}

/** Null = it has not ended early, or its length is that of what it encodes. @param announcedBytes null = unknown */
export function errorOfEarlyEnd(
  body: Readable,
  announcedBytes: number | null,
  decodedBytes: number,
): Error | null {
  return decodedBytes === announcedBytes ? null : (watched.get(body)?.error ?? null);
}
