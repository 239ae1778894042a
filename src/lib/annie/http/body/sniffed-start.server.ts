/** The first bytes of a response that is read on as if they were still to come, whatever becomes of its body. */
import { Readable } from 'node:stream';
import type { HttpResponse } from '../client/client.server.ts';
import { BodyStart } from './body-start.server.ts';

export interface SniffedResponse {
  response: HttpResponse;
  /** As many as were wanted, or all of a shorter body. */
  start: Buffer;
}

/** Never throws: the failure of a body comes to who reads it, behind the bytes before it. */
export async function withStart(
  response: HttpResponse,
  length: number,
  onBytes: () => void = () => undefined,
): Promise<SniffedResponse> {
  const begun = new BodyStart(response, onBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let failure: unknown = null;
  try {
    for await (const chunk of begun.chunks()) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= length) break;
    }
  } catch (thrown) {
    failure = thrown;
  }
  const start = Buffer.concat(chunks);
  const whole = failure === null ? begun.giveBack() : null;
  return { response: whole ?? { ...response, body: brokenAfter(start, failure) }, start };
}

function brokenAfter(start: Buffer, failure: unknown): Readable {
  const body = Readable.from(
    (async function* () {
      if (start.length > 0) yield start;
      await Promise.resolve();
      throw failure;
    })(),
    { objectMode: false },
  );
  // It may break after it was read last: without a listener that would end the process.
  return body.on('error', () => undefined);
}
