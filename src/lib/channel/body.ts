import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../protocol/error.ts';

/** Source: the contract. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * The text of a request's body, '' for none. JSON is asked for by its content type, which a page of another site
 * cannot send without a preflight that nobody answers.
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
 * Announced or not, no more than the limit is ever held. What comes after it is thrown away as it comes: ending the
 * connection would do so before the answer got through.
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
    // A client that went away hears no answer; what was begun for it ends all the same.
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
