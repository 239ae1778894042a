/** Bodies of any framing and coding, as streams of the HTTP client. */
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '../../../protocol/error.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { codingsOf } from '../head/codings.ts';
import { errorOfEarlyEnd } from '../client/early-end.server.ts';
import { contentLengthOf, endsByClose } from '../head/head.ts';
import { networkError } from '../failure/network-error.ts';
import { SerialDecoder } from './serial-decoder.server.ts';
import { FORMATS } from './stream-formats.server.ts';
import { missingBytes } from '../file/segments.ts';
import { type OnSeam, SEAM_BYTES, SEAM_WAIT_MS } from '../file/split-seams.server.ts';
import type { SegmentWriter } from '../file/segment-writer.server.ts';

/** A body is longer than its head announces, or than the file. */
export class BodyTooLong extends Error {}

interface PipeOptions {
  signal: AbortSignal;
  onBytes: (nowMs: number) => void;
  /** Where in the file the body has to end, exclusive; null = anywhere. */
  end: number | null;
  /** Called for each piece of an encoded body as it arrives. */
  onEncoded?: (() => void) | undefined;
  /** Absent = what follows a segment that was shortened is not looked at. */
  onSeam?: OnSeam;
}

/**
 * Writes a body into a segment until either ends.
 * @throws BodyTooLong, SluiceError `connection_lost`, `size_mismatch`, `engine_stalled`, `remote_status`, `disk_*`
 */
export async function pipeStream(
  response: HttpResponse,
  writer: SegmentWriter,
  { signal, onBytes, end, onEncoded, onSeam }: PipeOptions,
): Promise<void> {
  const { segment } = writer;
  const announcedEnd = segment.end;
  let at = segment.received;
  const stream = decoded(response, onEncoded);
  const pieces = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let pending: ReturnType<typeof pieces.next> | null = null;
  let [isEnded, isOver] = [false, false];
  try {
    while (!isEnded) {
      // What follows belongs to another connection; else the body ends by itself, which keeps the connection.
      const isBehind = missingBytes(segment) === 0 && segment.end !== announcedEnd;
      if (isBehind && (isOver || writer.behindBytes >= SEAM_BYTES || !onSeam)) {
        if (!(await onSeam?.(segment, writer.behind, announcedEnd))) break;
        isOver = false;
        if (writer.push(writer.takeBehind(), performance.now()) === 'wait') await writer.drained();
        continue;
      }
      pending ??= pieces.next();
      const next = isBehind ? await soon(pending) : await pending;
      if (next === null) {
        isOver = true;
        continue;
      }
      pending = null;
      if (next.done === true) {
        isEnded = !isBehind;
        isOver = true;
        continue;
      }
      at += next.value.length;
      if (end !== null && at > end) throw new BodyTooLong();
      // It was not requested.
      if (missingBytes(segment) === 0 && !isBehind) break;
      const nowMs = performance.now();
      const result = writer.push(next.value, nowMs);
      onBytes(nowMs);
      if (result === 'wait') await writer.drained();
    }
    if (end !== null && at < end && missingBytes(segment) > 0 && endsByClose(response.head)) {
      throw new SluiceError('size_mismatch', 'The connection was closed before the end of the file.');
    }
  } catch (thrown) {
    throw thrown instanceof BodyTooLong ? thrown : networkError(thrown, signal, true);
  } finally {
    pending?.catch(() => undefined);
    stream.destroy();
    response.discard();
  }
}

/** Null = it does not come in time, or not at all: what is there is enough. */
function soon<Result>(pending: Promise<Result>): Promise<Result | null> {
  const late = new AbortController();
  const deadline = delay(SEAM_WAIT_MS, null, { signal: late.signal, ref: false }).catch(() => null);
  return Promise.race([pending.catch(() => null), deadline]).finally(() => late.abort());
}

/** As in curl: each coding needs a decoder with its own memory, and a head has room for thousands. */
const MAX_CODINGS = 5;

/**
 * The decoded body.
 * @param onEncoded called for each piece of an encoded one: of a slow body nothing may be decoded for a while
 * @throws SluiceError `remote_status` for more than 5 codings
 */
export function decoded({ head, body }: HttpResponse, onEncoded?: () => void): Readable {
  let stream: Readable = body;
  const codings = codingsOf(head);
  if (codings.length > MAX_CODINGS)
    throw new SluiceError('remote_status', `The server sent ${codings.length} codings, one in the other.`);
  const bytes = contentLengthOf(head);
  const errorAtEnd = (decodedBytes: number): Error | null => errorOfEarlyEnd(body, bytes, decodedBytes);
  // codings are listed in the order in which they were applied
  for (const [index, coding] of [...codings.entries()].reverse()) {
    const format = FORMATS[coding]?.();
    if (!format) continue;
    const decoder = new SerialDecoder(format, index === 0 ? errorAtEnd : undefined);
    stream.on('error', (error: Error) => decoder.destroy(error));
    stream = stream.pipe(decoder);
  }
  if (codings.length > 0 && onEncoded) body.on('data', onEncoded);
  // Readers receive a failure as they read. One that comes behind that would end the process, without a listener.
  return stream.on('error', () => undefined);
}
