/**
 * Rewrites the framing of a chunked body as the strict parser of the HTTP client wants it (RFC 9112, section 7.1), where Chromium
 * reads it (net/http/http_chunked_decoder.cc): blanks behind a size, LF alone as the end of a line, any trailer. Strict where
 * bytes are at stake: a size is a hexadecimal number and nothing else, and what is cut stays cut. Linear.
 */
import { notHttp } from './lenient-head.ts';

/** Of a size with its extensions, or a trailer; as in Chromium. */
const MAX_LINE_BYTES = 16 * 1024;
/** Of all trailers. */
const MAX_TRAILER_BYTES = 256 * 1024;
const [CR, LF] = [0x0d, 0x0a];
/** Below 2^48. */
const MAX_STRICT_DIGITS = 12;
const SIZE = /^0*([0-9a-f]{1,14})[ \t]*(?:;|$)/i;
const LAST = Buffer.from('\r\n');

export class ChunkFraming {
  #state: 'size' | 'data' | 'behind data' | 'trailer' | 'end' = 'size';
  /** Of the chunk. */
  #bytesLeft = 0;
  /** The line so far, as latin1. */
  #line = '';
  #trailerBytes = 0;

  /** @returns the same bytes in strict framing, without extensions and trailers. @throws SluiceError `not_http` */
  rewrite(received: Buffer): Buffer {
    const pieces: Buffer[] = [];
    /** What is in strict framing, from here to `at`, is passed on as it is. */
    let from = 0;
    let at = 0;
    while (at < received.length && this.#state !== 'end') {
      const strictEnd = this.#strictEnd(received, at);
      if (strictEnd !== null) {
        at = strictEnd;
        continue;
      }
      if (at > from) pieces.push(received.subarray(from, at));
      const found = received.indexOf(LF, at);
      const end = found === -1 ? received.length : found;
      if (this.#line.length + end - at > MAX_LINE_BYTES)
        throw notHttp('A line between its chunks is too long.');
      this.#line += received.toString('latin1', at, end);
      from = at = Math.min(received.length, end + 1);
      if (found === -1) break;
      const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
      this.#line = '';
      const strict = this.#rewriteLine(line);
      if (strict !== null) pieces.push(strict);
    }
    if (from < received.length) pieces.push(received.subarray(from));
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  /** The end of what is strict from `at` on, and has been taken; null = a line that has to be read whole. */
  #strictEnd(received: Buffer, at: number): number | null {
    if (this.#state === 'data') {
      const end = Math.min(received.length, at + this.#bytesLeft);
      this.#bytesLeft -= end - at;
      if (this.#bytesLeft === 0) this.#state = 'behind data';
      return end;
    }
    if (this.#line !== '') return null;
    let end = at;
    let bytes = 0;
    if (this.#state === 'size') {
      for (; end < at + MAX_STRICT_DIGITS; end++) {
        const digit = digitOf(received[end]);
        if (digit === -1) break;
        bytes = bytes * 16 + digit;
      }
      if (end === at) return null;
    }
    if (received[end] !== CR || received[end + 1] !== LF) return null;
    if (this.#state === 'size') {
      this.#bytesLeft = bytes;
      this.#state = bytes === 0 ? 'trailer' : 'data';
    } else this.#state = this.#state === 'trailer' ? 'end' : 'size';
    return end + 2;
  }

  #rewriteLine(line: string): Buffer | null {
    if (this.#state === 'trailer') {
      this.#trailerBytes += line.length + 1;
      if (this.#trailerBytes > MAX_TRAILER_BYTES) throw notHttp('What follows its chunks is too long.');
      if (line !== '') return null;
      this.#state = 'end';
      return LAST;
    }
    if (this.#state === 'behind data') {
      if (line !== '') throw notHttp('A chunk is longer than its size.');
      this.#state = 'size';
      return LAST;
    }
    const size = SIZE.exec(line)?.[1];
    const bytes = Number.parseInt(size ?? '', 16);
    if (!Number.isSafeInteger(bytes)) throw notHttp('The size of a chunk cannot be read.');
    this.#bytesLeft = bytes;
    this.#state = bytes === 0 ? 'trailer' : 'data';
    return Buffer.from(`${bytes.toString(16)}\r\n`);
  }
}

/** -1 = none. */
function digitOf(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
