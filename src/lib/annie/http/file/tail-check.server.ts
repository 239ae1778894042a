/**
 * Whether the body of a response begins with bytes that are on the disk already, although its head is that of a whole,
 * shorter file: some caches answer every request, also one without a range, with the tail from a block boundary on.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { readAt } from '../../../files/read-at.server.ts';
import { networkError } from '../failure/network-error.ts';
import { BODY_FILE, type SavedState } from './saved-state.server.ts';

const MAX_COMPARED_BYTES = 64 * 1024;
/** Fewer may be equal by chance. */
const MIN_COMPARED_BYTES = 16;

/**
 * @param bytes size of the body
 * @param saved what is in the work dir: of a version that may be the same, but larger
 * @throws SluiceError network codes; the signal's reason
 */
export async function isTailOf(
  saved: SavedState,
  bytes: number,
  body: Readable,
  workDir: string,
  signal: AbortSignal,
  onBytes?: () => void,
): Promise<boolean> {
  const start = saved.totalBytes - bytes;
  const segment = saved.segments.find(([first, , written]) => first <= start && start < written);
  if (segment === undefined) return false;
  const length = Math.min(segment[2] - start, bytes, MAX_COMPARED_BYTES);
  if (length < MIN_COMPARED_BYTES) return false;
  const received = await readFirstBytes(body, length, signal, onBytes);
  return received.equals(await readAt(join(workDir, BODY_FILE), start, length));
}

/** The first `length` bytes, which stay in the stream; fewer if it ends before. */
export async function readFirstBytes(
  body: Readable,
  length: number,
  signal: AbortSignal,
  onBytes: () => void = () => undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for (let bytes = 0; bytes < length && !body.readableEnded;) {
      const chunk = body.read() as Buffer | null;
      // An error that came before is not emitted again.
      if (body.errored !== null) throw body.errored;
      if (chunk === null) await readableOrEnded(body, signal);
      else {
        chunks.push(chunk);
        bytes += chunk.length;
        onBytes();
      }
    }
  } catch (thrown) {
    throw networkError(thrown, signal, true);
  }
  const received = Buffer.concat(chunks);
  if (!body.readableEnded) body.unshift(received);
  return received.subarray(0, length);
}

async function readableOrEnded(body: Readable, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const options = { signal: AbortSignal.any([signal, stop.signal]) };
  const events = [once(body, 'readable', options), once(body, 'end', options)];
  try {
    await Promise.race(events);
  } finally {
    stop.abort();
    await Promise.allSettled(events);
  }
}
