/**
 * Passes the bytes of a tunnel on. What comes from the site is read into one buffer that is used again and again (Node's
 * `onread`), without a stream: the bytes of all engines pass here, in the server's thread.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { SpareBuffers } from './spare-buffers.ts';

/** As many bytes as a socket on loopback takes at once. */
const BUFFER_BYTES = 256 * 1024;
/** Of closed tunnels, for the next ones: an HLS stream has a tunnel for each fragment. */
export const spareBuffers = new SpareBuffers(BUFFER_BYTES, 8);

export class Relay {
  readonly #client: Socket;
  readonly #buffer = spareBuffers.take();
  #upstream: Socket | null = null;
  /** The kernel has not taken all of the buffer. */
  #isWriting = false;

  constructor(client: Socket) {
    this.#client = client;
  }

  /** For the connection to the site. Several may be dialled at once; only the one that is passed to `begin` is read. */
  get onread(): OnReadOpts {
    return {
      buffer: () => this.#buffer,
      callback: (length, buffer) => this.#passOn((buffer as Buffer).subarray(0, length)),
    };
  }

  begin(upstream: Socket): void {
    this.#upstream = upstream;
    upstream.once('end', () => this.#client.end());
    upstream.once('close', () => this.#close());
    this.#client.pipe(upstream);
    upstream.resume();
  }

  /** @returns whether the next bytes may be read: not while the kernel still reads from the buffer */
  #passOn(bytes: Buffer): boolean {
    if (this.#client.destroyed) return false;
    this.#isWriting = true;
    this.#client.write(bytes, () => this.#onWritten());
    // The kernel has them all: the call above comes later, but there is nothing left to wait for.
    if (this.#client.writableLength === 0) this.#isWriting = false;
    return !this.#isWriting;
  }

  #onWritten(): void {
    if (this.#client.writableLength > 0) return;
    this.#isWriting = false;
    this.#upstream?.resume();
  }

  #close(): void {
    // What was read is on its way to the client, which is ended behind it. A broken connection is passed on as one.
    if (this.#upstream?.readableEnded !== true) this.#client.resetAndDestroy();
    if (!this.#isWriting) spareBuffers.giveBack(this.#buffer);
  }
}
