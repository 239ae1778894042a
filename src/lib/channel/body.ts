import { SluiceError } from '../protocol/error.ts';

/** Source: the contract. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * The text of a request's body, '' for none. JSON is asked for by its content type, which a page of another site
 * cannot send without a preflight that nobody answers.
 * @throws SluiceError `unsupported_media_type`, `body_too_large`, `invalid_json` (not UTF-8)
 */
export async function readBody(request: Request): Promise<string> {
  const length = request.headers.get('content-length');
  const type = request.headers.get('content-type');
  // Kit drops a body without a type: its length still says that there was one.
  const isSent = request.body !== null || length !== null || request.headers.has('transfer-encoding');
  const isEmpty = !isSent || length === '0';
  if (type === null ? !isEmpty : !/^application\/json *(;|$)/i.test(type)) {
    throw new SluiceError('unsupported_media_type');
  }
  if (Number(length) > MAX_BODY_BYTES) throw new SluiceError('body_too_large');
  if (isEmpty || request.body === null) return '';
  return decode(await collect(request.body));
}

/**
 * Announced or not, no more than the limit is ever held. A body that is too long is left unread, not cancelled:
 * that would end the connection before the answer got through.
 */
async function collect(body: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    bytes += value.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new SluiceError('body_too_large');
    chunks.push(value);
  }
}

function decode(chunks: Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
  } catch {
    throw new SluiceError('invalid_json', 'The body is not UTF-8.');
  }
}
