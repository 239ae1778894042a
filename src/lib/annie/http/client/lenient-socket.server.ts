/**
 * Makes a socket of the HTTP client (undici) deliver only what its parser accepts: each head is read whole, rewritten
 * if necessary, and passed on; so is the framing of chunks; other bodies pass unchanged. The client sends one request at a time, so the head of a response
 * begins with the first byte after a write.
 */
import type { Socket } from 'node:net';
import { SluiceError } from '../../../protocol/error.ts';
import { ChunkFraming } from './chunk-framing.ts';
import { MAX_HEAD_BYTES } from './plain-head.ts';
import { firstByteTimeout } from '../failure/late-failure.ts';
import { beginsAsHttp, notHttp, rewrittenHead } from './lenient-head.ts';
import { MAX_LONG_HEAD_BYTES, withoutUnused } from './long-head.ts';

/** More than `beginsAsHttp` looks at. */
const FIRST_BYTES = 16;
/** As `rewrittenHead` splits lines. */
const EMPTY_LINE = /\n\r?\n/;
/** As `rewrittenHead` writes it, and takes it for plain. */
const CHUNKED = /\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n/i;
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
  const unshift = socket.unshift.bind(socket) as (chunk: Buffer) => void;
  /** Of the head that is being received; null in a body. */
  let pieces: Buffer[] | null = null;
  let length = 0;
  /** The last bytes of the head so far, which may be the beginning of its end. */
  let tail = '';
  /** Since the last write. */
  let interimHeads = 0;
  let timer: NodeJS.Timeout | undefined;
  let framing: ChunkFraming | null = null;
  /** What the parser gave back when it paused: the next bytes that are read, which have been rewritten. */
  let bytesBack = 0;

  function begin(): void {
    [pieces, length, tail, framing, bytesBack] = [[], 0, '', null, 0];
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
    if (!isWhole && length > MAX_LONG_HEAD_BYTES) throw new SluiceError('head_too_long');
    if (!isWhole) return null;
    const received = Buffer.concat(pieces ?? []);
    pieces = null;
    clearTimeout(timer);
    return rewritten(received);
  }

  /** Several heads may arrive at once: those of 1xx responses come before the final one. */
  function rewritten(received: Buffer): Buffer | null {
    // Behind a head the body has begun: no more of it than a head is text.
    const text = received.toString('latin1', 0, MAX_LONG_HEAD_BYTES + FIRST_BYTES);
    const start = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
    const found = EMPTY_LINE.exec(text.slice(start));
    if (!found) throw new SluiceError('head_too_long');
    const end = start + found.index + found[0].length;
    const used =
      end > MAX_HEAD_BYTES ? withoutUnused(received.subarray(start, end)) : received.subarray(0, end);
    const head = rewrittenHead(used.toString('latin1'));
    const first = head === null ? used : Buffer.from(head, 'latin1');
    const rest = received.subarray(end);
    if (!/^[\r\n]*HTTP\/\S+[ \t]+1/i.test(text)) {
      if (CHUNKED.test(first.toString('latin1'))) framing = new ChunkFraming();
      return Buffer.concat([first, framing?.rewrite(rest) ?? rest]);
    }
    // Interim responses say nothing of the file, and the client takes a 100 that it has not asked for as an error (RFC 9110, 15.2).
    if (++interimHeads > MAX_INTERIM_HEADS) throw notHttp('Too many interim responses.');
    begin();
    return rest.length > 0 ? receive(rest) : null;
  }

  /** @returns null = nothing yet */
  function body(chunk: Buffer): Buffer | null {
    if (framing === null) return chunk;
    const known = Math.min(bytesBack, chunk.length);
    bytesBack -= known;
    if (known === chunk.length) return chunk;
    const rest = framing.rewrite(chunk.subarray(known));
    const given = known === 0 ? rest : Buffer.concat([chunk.subarray(0, known), rest]);
    return given.length > 0 ? given : null;
  }

  return Object.assign(socket, {
    unshift(chunk: Buffer) {
      bytesBack += chunk.length;
      unshift(chunk);
    },
    read(size?: number) {
      for (;;) {
        const chunk = read(size);
        // `read(0)`, by which Node itself asks for more, returns nothing.
        if (chunk === null) return chunk;
        try {
          const given = pieces === null ? body(chunk) : receive(chunk);
          if (given !== null) return given;
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
