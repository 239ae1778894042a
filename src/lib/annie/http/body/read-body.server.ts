import { SluiceError } from '../../../protocol/error.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { decoded } from './stream-body.server.ts';
import { networkError } from '../failure/network-error.ts';

/** The whole body as bytes, decoded. @throws SluiceError `invalid_manifest` past `maxBytes`, and network codes */
export async function readBody(
  response: HttpResponse,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw networkError(thrown, signal, true);
  } finally {
    response.discard();
  }
  if (bytes > maxBytes)
    throw new SluiceError('invalid_manifest', `The answer is longer than ${maxBytes} bytes.`);
  return Buffer.concat(chunks);
}
