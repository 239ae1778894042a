/** The content coding `deflate`, in both forms in which servers send it. */
import { Transform, type TransformCallback } from 'node:stream';
import { createInflate, createInflateRaw, type Inflate, type InflateRaw } from 'node:zlib';

/**
 * The coding `deflate`: with the zlib wrapper that it has by RFC 9110 (section 8.4.1.2), or without, as some servers send it
 * and browsers read it.
 */
export class EitherInflate extends Transform {
  #decoder: Inflate | InflateRaw | null = null;

  override _transform(chunk: Buffer, _encoding: string, callback: TransformCallback): void {
    this.#decoder ??= this.#start(chunk);
    if (this.#decoder.write(chunk)) callback();
    else this.#decoder.once('drain', callback);
  }

  override _flush(callback: TransformCallback): void {
    if (this.#decoder === null) return callback();
    this.#decoder.once('end', callback).end();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#decoder?.destroy();
    callback(error);
  }

  override _read(size: number): void {
    this.#decoder?.resume();
    super._read(size);
  }

  #start(chunk: Buffer): Inflate | InflateRaw {
    const decoder = isWrapped(chunk) ? createInflate() : createInflateRaw();
    return decoder
      .on('data', (decoded: Buffer) => {
        if (!this.push(decoded)) decoder.pause();
      })
      .on('error', (error: Error) => this.destroy(error));
  }
}

/** Compression method 8, and a check that only one of 31 other beginnings passes (RFC 1950, section 2.2). */
function isWrapped([first = 0, second]: Uint8Array): boolean {
  return (first & 15) === 8 && (second === undefined || (first * 256 + second) % 31 === 0);
}
