import { Readable } from 'node:stream';
import type { HttpResponse } from '../client/client.server.ts';

/** The response as if `chunks`, the first bytes of its body, were not read yet; null = its body broke. */
export function withUnreadBytes(response: HttpResponse, chunks: readonly Buffer[]): HttpResponse | null {
  const { body } = response;
  if (body.errored !== null || (body.destroyed && !body.readableEnded)) return null;
  if (!body.readableEnded) {
    if (chunks.length > 0) body.unshift(Buffer.concat(chunks));
    return response;
  }
  const whole = Readable.from([Buffer.concat(chunks)], { objectMode: false });
  const discard = (): void => {
    whole.destroy();
    response.discard();
  };
  return { ...response, body: whole, discard };
}
