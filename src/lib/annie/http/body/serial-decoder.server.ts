/** Decodes bodies that are several compressed streams, one behind the other: members of gzip, frames of zstd. */
import { Transform, type TransformCallback } from 'node:stream';
import type { BrotliDecompress, Inflate, InflateRaw, ZstdDecompress } from 'node:zlib';
import { nextTurn } from '../client/chunk-pacing.server.ts';

/** Node's decoders of one stream. Each ends before its input does if the stream does, and says how much it took. */
export type StreamDecoder = BrotliDecompress | Inflate | InflateRaw | ZstdDecompress;

/** What to do with the bytes that come next. */
export type Step =
  /** So many are of no interest; perhaps more than are here. */
  | { skip: number }
  /** A compressed stream begins. */
  | { decoder: StreamDecoder }
  /** Too few are here. */
  | 'more'
  /** They belong to nothing, and nor does what follows. */
  | 'junk';

/** What is around the streams of a coding. For one body. */
export interface StreamFormat {
  /** @param bytes at least one @throws Error with a code as zlib's, for what cannot be decoded */
  next(bytes: Buffer): Step;
  /** Called for each piece of what a stream holds. */
  onDecoded?(piece: Buffer): void;
  /** Called when a stream has ended. */
  onStreamEnd?(): void;
  /** The body ends here, after `bytes` that were too few. @throws as `next` */
  end?(bytes: Buffer): void;
}

/**
 * Streams that begin in one turn of the event loop: each has a decoder of its own, which takes up to 50 µs, and some have no
 * more than nine bytes.
 */
const STREAMS_A_TURN = 32;
const NONE = Buffer.alloc(0);

export class SerialDecoder extends Transform {
  readonly #format: StreamFormat;
  readonly #errorAtEnd: (decodedBytes: number) => Error | null;
  #decoder: StreamDecoder | null = null;
  /** Of the input, and too few to be understood. */
  #kept: Buffer = NONE;
  #skip = 0;
  #streams = 0;
  #decodedBytes = 0;
  #isEmpty = true;
  #isJunk = false;

  /** @param errorAtEnd for a body that must not end after so many decoded bytes */
  constructor(format: StreamFormat, errorAtEnd: (decodedBytes: number) => Error | null = () => null) {
    super();
    this.#format = format;
    this.#errorAtEnd = errorAtEnd;
  }

  override _transform(chunk: Buffer, _encoding: string, callback: TransformCallback): void {
    this.#decode(chunk).then(() => callback(), callback);
  }

  override _flush(callback: TransformCallback): void {
    this.#finish().then(() => callback(), callback);
  }

  override _read(size: number): void {
    this.#decoder?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#decoder?.destroy();
    callback(error);
  }

  async #decode(chunk: Buffer): Promise<void> {
    this.#isEmpty &&= chunk.length === 0;
    let input = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#kept = NONE;
    while (input.length > 0 && !this.#isJunk && !this.destroyed) {
      if (this.#decoder !== null) {
        input = await this.#write(this.#decoder, input);
        continue;
      }
      const skipped = Math.min(this.#skip, input.length);
      this.#skip -= skipped;
      input = input.subarray(skipped);
      if (input.length === 0) return;
      const step = this.#format.next(input);
      if (step === 'more') {
        this.#kept = input;
        return;
      }
      if (step === 'junk') this.#isJunk = true;
      else if ('skip' in step) this.#skip = step.skip;
      else await this.#begin(step.decoder);
    }
  }

  async #begin(decoder: StreamDecoder): Promise<void> {
    this.#decoder = decoder
      .on('data', (decoded: Buffer) => {
        this.#decodedBytes += decoded.length;
        this.#format.onDecoded?.(decoded);
        if (!this.push(decoded)) decoder.pause();
      })
      .on('error', (error: Error) => this.destroy(error));
    if (++this.#streams % STREAMS_A_TURN === 0) await nextTurn();
  }

  /** @returns what is behind the end of the stream; empty = it goes on, or ends just here */
  async #write(decoder: StreamDecoder, input: Buffer): Promise<Buffer> {
    const before = decoder.bytesWritten;
    await new Promise<void>((resolve) => {
      decoder.once('close', resolve);
      decoder.write(input, () => {
        decoder.off('close', resolve);
        resolve();
      });
    });
    const taken = decoder.bytesWritten - before;
    if (taken === input.length || this.destroyed) return NONE;
    await this.#ended(decoder);
    return input.subarray(taken);
  }

  async #finish(): Promise<void> {
    const decoder = this.#decoder;
    if (decoder !== null) {
      decoder.end();
      await this.#ended(decoder);
    }
    if (this.destroyed) return;
    // Of no bytes at all browsers make an empty file.
    if (!this.#isJunk && !this.#isEmpty) this.#format.end?.(this.#kept);
    const error = this.#errorAtEnd(this.#decodedBytes);
    if (error !== null) throw error;
  }

  /** All that it holds was pushed, or it was destroyed. */
  async #ended(decoder: StreamDecoder): Promise<void> {
    if (!decoder.readableEnded && !decoder.destroyed)
      await new Promise<void>((resolve) => decoder.once('end', resolve).once('close', resolve));
    decoder.destroy();
    this.#decoder = null;
    this.#format.onStreamEnd?.();
  }
}
