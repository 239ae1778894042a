/** Reads the first bytes of a body, which can be given back: whoever has the response next reads it from its first byte. */
import type { Readable } from 'node:stream';
import { withBytesBack } from './bytes-back.ts';
import type { HttpResponse } from './client.server.ts';
import { codingsOf } from './codings.ts';
import { decoded } from './file/stream-body.server.ts';

export class BodyStart {
  readonly #response: HttpResponse;
  readonly #received: Buffer[] = [];
  readonly #onBytes: () => void;

  /** @param onBytes called for each piece as it arrives, encoded: of a slow body nothing may be decoded for a while */
  constructor(response: HttpResponse, onBytes: () => void) {
    this.#response = response;
    this.#onBytes = onBytes;
  }

  /** Decoded. Leaving the loop leaves the rest in the body. */
  async *chunks(): AsyncGenerator<Buffer> {
    const { body, head } = this.#response;
    const onData = (chunk: Buffer): void => {
      this.#received.push(chunk);
      this.#onBytes();
    };
    if (codingsOf(head).length === 0) {
      for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        onData(chunk);
        yield chunk;
      }
      return;
    }
    const stream: Readable = decoded(this.#response);
    body.on('data', onData);
    try {
      yield* stream as AsyncIterable<Buffer>;
    } finally {
      body.off('data', onData).unpipe();
      body.pause();
    }
  }

  /** The response as if nothing was read; null = its body broke, or so much was read that it is not kept. */
  giveBack(): HttpResponse | null {
    return withBytesBack(this.#response, this.#received);
  }

  /** What was received is used: it is not given back. */
  forget(): void {
    this.#received.length = 0;
  }
}
