/** Any body, through the kept client: codings undone, every framing understood. */
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { SluiceError } from '../../../protocol/error.ts';
import type { HttpAnswer } from '../client.server.ts';
import { codingsOf } from '../head.ts';
import { networkError } from '../network-error.ts';
import { roomIn } from './segments.ts';
import type { SegmentWriter } from './segment-writer.server.ts';

const DECODERS: Record<string, () => Transform> = {
  br: createBrotliDecompress,
  deflate: createInflate,
  gzip: createGunzip,
  'x-gzip': createGunzip,
  zstd: createZstdDecompress,
};

/** A body is longer than its head announces, or than the file. */
export class BodyTooLong extends Error {}

/**
 * Pours a body into a stretch until either ends.
 * @param end where in the file the body has to end, exclusive; null = anywhere
 * @throws BodyTooLong, SluiceError `connection_lost`, `size_mismatch`, `engine_stalled`, `remote_status`, `disk_*`
 */
export async function pourStream(
  answer: HttpAnswer,
  writer: SegmentWriter,
  signal: AbortSignal,
  onBytes: (nowMs: number) => void,
  end: number | null,
): Promise<void> {
  const { segment } = writer;
  const announcedEnd = segment.end;
  let at = segment.received;
  try {
    for await (const chunk of decoded(answer) as AsyncIterable<Buffer>) {
      at += chunk.length;
      if (end !== null && at > end) throw new BodyTooLong();
      // the remaining bytes belong to another connection, or were not requested
      if (roomIn(segment) === 0) break;
      const nowMs = performance.now();
      const state = writer.push(chunk, nowMs);
      onBytes(nowMs);
      // at the announced end the body ends by itself, which leaves the connection for the next request
      if (state === 'full' && segment.end !== announcedEnd) break;
      if (state === 'wait') await writer.drained();
    }
    if (end !== null && at < end && roomIn(segment) > 0 && endsByClose(answer)) {
      throw new SluiceError('size_mismatch', 'The connection was closed before the end of the file.');
    }
  } catch (thrown) {
    throw thrown instanceof BodyTooLong ? thrown : networkError(thrown, signal, true);
  } finally {
    answer.discard();
  }
}

/** Whether a broken connection looks like the end of the body (RFC 9112, section 6.3, item 8). */
function endsByClose({ head }: HttpAnswer): boolean {
  return !head.has('content-length') && !head.has('transfer-encoding');
}

/** As curl: each is a decoder with memory of its own, and a head has room for thousands. */
const MAX_CODINGS = 5;

/** The body without its codings. @throws SluiceError `remote_status` for one we do not know, and for more than 5 */
export function decoded({ head, body }: HttpAnswer): Readable {
  let stream: Readable = body;
  const codings = codingsOf(head);
  if (codings.length > MAX_CODINGS)
    throw new SluiceError('remote_status', `The server sent ${codings.length} codings, one in the other.`);
  // the last coding named was put on last
  for (const coding of codings.reverse()) {
    const decoder = DECODERS[coding]?.();
    if (!decoder)
      throw new SluiceError('remote_status', `The server sent a coding we do not know: ${coding}.`);
    stream.on('error', (error: Error) => decoder.destroy(error));
    stream = stream.pipe(decoder);
  }
  return stream;
}
