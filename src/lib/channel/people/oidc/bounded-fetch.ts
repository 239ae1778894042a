/**
 * Fetches from the issuer. It is the operator's setting and no address of a visitor, so it may be in a private network and does
 * not pass the guard; but what it sends is bounded, as it may be broken or taken over.
 */

/** Many times the largest: a key set of a large provider has 20 kB. */
const MAX_ANSWER_BYTES = 256 * 1024;

export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/**
 * As `fetch`, without redirects. Its signal bounds the body too.
 * @throws AnswerTooLarge
 */
export async function boundedFetch(address: string, init: RequestInit): Promise<Response> {
  const { status, headers, body } = await fetch(address, { ...init, redirect: 'manual' });
  const bytes = body === null ? null : await readAll(body, address);
  return new Response(bytes === null || bytes.byteLength === 0 ? null : bytes, { status, headers });
}

async function readAll(body: ReadableStream<Uint8Array>, address: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the stream, and with it the connection.
  for await (const part of body) {
    bytes += part.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw new AnswerTooLarge(`${new URL(address).origin} sent more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
