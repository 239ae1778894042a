import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../protocol/error.ts';

/** Source: docs/protocol.md. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * The text of a request's body, '' for none. The content type must be JSON: another site's page cannot send that
 * without a CORS preflight, which allows it with a token only (`cors.ts`).
 * @throws SluiceError `unsupported_media_type`, `body_too_large`, `invalid_json` (not UTF-8)
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const { 'content-length': length, 'content-type': type, 'transfer-encoding': coding } = request.headers;
  const isEmpty = length === undefined ? coding === undefined : length === '0';
  if (type === undefined ? !isEmpty : !/^application\/json *(;|$)/i.test(type)) {
    throw new SluiceError('unsupported_media_type');
  }
  if (Number(length) > MAX_BODY_BYTES) throw new SluiceError('body_too_large');
  return isEmpty ? '' : decode(await collect(request));
}

/**
 * Never holds more than the limit, whatever Content-Length says. The rest is read and discarded: closing the connection
 * instead could lose the answer.
 */
function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= MAX_BODY_BYTES) return;
      chunks.length = 0;
      request.off('data', onData).resume();
      reject(new SluiceError('body_too_large'));
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    // The client is gone and gets no answer, but the request must still end.
    request.once('error', reject);
  });
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SluiceError('invalid_json', 'The body is not UTF-8.');
  }
}
