/**
 * Makes a socket of the HTTP client (undici) deliver only heads that its parser accepts: each head is read whole, rewritten
 * if necessary, and passed on; bodies pass unchanged. The client sends one request at a time, so the head of a response
 * begins with the first byte after a write.
 */
import type { Socket } from 'node:net';
import { SluiceError } from '../../protocol/error.ts';
import { MAX_HEAD_BYTES } from './file/plain-head.ts';
import { firstByteTimeout } from './late-failure.ts';
import { beginsAsHttp, notHttp, rewrittenHead } from './lenient-head.ts';

/** More than `beginsAsHttp` looks at. */
const FIRST_BYTES = 16;
/** As `rewrittenHead` splits lines. */
const EMPTY_LINE = /\n\r?\n/;
/** Heads of 1xx responses before the final one; honest servers send one or two. */
const MAX_INTERIM_HEADS = 10;

export interface HeadLimits {
  /** ms from a request to the first byte of its response. */
  firstByteMs: number;
  /** ms between two bytes of a head: however slowly it comes, each is progress. */
  stallMs: number;
}

export function readLeniently(socket: Socket, { firstByteMs, stallMs }: HeadLimits): Socket {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  const write = socket.write.bind(socket) as Socket['write'];
  /** Of the head that is being received; null in a body. */
  let pieces: Buffer[] | null = null;
  let length = 0;
  /** The last bytes of the head so far, which may be the beginning of its end. */
  let tail = '';
  /** Since the last write. */
  let interimHeads = 0;
  let timer: NodeJS.Timeout | undefined;

  function begin(): void {
    [pieces, length, tail] = [[], 0, ''];
    restartTimer(firstByteMs, () => firstByteTimeout(firstByteMs));
  }

  function restartTimer(ms: number, errorOf: () => Error): void {
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(errorOf()), ms);
  }

  /** @param chunk the next bytes of a head. @returns what the parser gets; null = nothing yet */
  function receive(chunk: Buffer): Buffer | null {
    pieces?.push(chunk);
    const isFirst = length < FIRST_BYTES;
    length += chunk.length;
    restartTimer(stallMs, () => new SluiceError('engine_stalled'));
    const seen = tail + chunk.toString('latin1');
    tail = seen.slice(-3);
    if (isFirst && beginsAsHttp(firstBytes(pieces ?? [])) === false)
      throw notHttp('It does not begin as HTTP does.');
    // Leading empty lines are part of no head.
    const isWhole = EMPTY_LINE.test(length === seen.length ? seen.replace(/^[\r\n]+/, '') : seen);
    if (!isWhole && length <= MAX_HEAD_BYTES) return null;
    const received = Buffer.concat(pieces ?? []);
    pieces = null;
    clearTimeout(timer);
    return isWhole ? rewritten(received) : received;
  }

  /** Several heads may arrive at once: those of 1xx responses come before the final one. */
  function rewritten(received: Buffer): Buffer | null {
    const text = received.toString('latin1');
    const start = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
    const found = EMPTY_LINE.exec(text.slice(start));
    if (!found) return received;
    const end = start + found.index + found[0].length;
    const head = rewrittenHead(text.slice(0, end));
    const first = head === null ? received.subarray(0, end) : Buffer.from(head, 'latin1');
    if (!/^[\r\n]*HTTP\/\S+[ \t]+1/i.test(text)) return Buffer.concat([first, received.subarray(end)]);
    // Interim responses say nothing of the file, and the client takes a 100 that it has not asked for as an error (RFC 9110, 15.2).
    if (++interimHeads > MAX_INTERIM_HEADS) throw notHttp('Too many interim responses.');
    begin();
    return end < received.length ? receive(received.subarray(end)) : null;
  }

  return Object.assign(socket, {
    read(size?: number) {
      for (;;) {
        const chunk = read(size);
        // `read(0)`, by which Node itself asks for more, returns nothing.
        if (chunk === null || pieces === null) return chunk;
        try {
          const head = receive(chunk);
          if (head !== null) return head;
        } catch (thrown) {
          pieces = null;
          clearTimeout(timer);
          socket.destroy(thrown as Error);
          return null;
        }
      }
    },
    write(...args: Parameters<Socket['write']>) {
      interimHeads = 0;
      begin();
      return write(...args);
    },
  })
    .prependListener('error', (error: NodeJS.ErrnoException) => {
      // undici takes this code for the end of a body that has no length (its client-h1.js): half a file would be a whole one.
      if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED';
    })
    .prependListener('close', () => clearTimeout(timer))
    .prependListener('end', () => {
      // So few bytes came that `receive` could not decide.
      if (pieces !== null && length > 0 && beginsAsHttp(firstBytes(pieces)) !== true)
        socket.destroy(notHttp('It does not begin as HTTP does.'));
    });
}

function firstBytes(pieces: readonly Buffer[]): string {
  let text = '';
  for (const piece of pieces) {
    text += piece.toString('latin1', 0, FIRST_BYTES);
    if (text.length >= FIRST_BYTES) break;
  }
  return text;
}
