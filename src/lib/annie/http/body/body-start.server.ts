/** Reads the first bytes of a body, which can be given back: the next user of the response reads it from its first byte. */
import type { Readable } from 'node:stream';
import { SluiceError } from '../../../protocol/error.ts';
import { MAX_PLAYLIST_BYTES } from '../../../foreign/limits.ts';
import { withUnreadBytes } from './unread-bytes.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { codingsOf } from '../head/codings.ts';
import { decoded } from './stream-body.server.ts';

/** What is kept to be given back: a kept answer has a MiB, which is read as one piece, and more may follow it. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024;

export class BodyStart {
  readonly #response: HttpResponse;
  readonly #received: Buffer[] = [];
  /** As they arrive, encoded. */
  #bytes = 0;
  #isForgotten = false;
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
      this.#bytes += chunk.length;
      if (this.#bytes > MAX_KEPT_BYTES) this.forget();
      if (!this.#isForgotten) this.#received.push(chunk);
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
    const onEncoded = (chunk: Buffer): void => {
      onData(chunk);
      // A coding can go on for ever without a decoded byte, which nothing else counts.
      if (this.#bytes > MAX_PLAYLIST_BYTES)
        stream.destroy(new SluiceError('too_complex', 'The page or manifest is too long as it is encoded.'));
    };
    body.on('data', onEncoded);
    try {
      yield* stream as AsyncIterable<Buffer>;
    } finally {
      body.off('data', onEncoded).unpipe();
      body.pause();
    }
  }

  /** The response as if nothing was read; null = its body broke, or so much was read that it is not kept. */
  giveBack(): HttpResponse | null {
    return this.#isForgotten ? null : withUnreadBytes(this.#response, this.#received);
  }

  /** What was received is used: it is not given back. */
  forget(): void {
    this.#isForgotten = true;
    this.#received.length = 0;
  }
}
