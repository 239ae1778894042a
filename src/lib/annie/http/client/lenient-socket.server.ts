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
import { beginsAsHttp, FIRST_BYTES, junkBefore, notHttp, rewrittenHead } from './lenient-head.ts';
import { MAX_LONG_HEAD_BYTES, withoutUnusedFields } from './long-head.ts';

/** As `rewrittenHead` splits lines. */
const EMPTY_LINE = /\n\r?\n/;
/** As `rewrittenHead` writes it, and takes it for plain. */
const CHUNKED = /\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n/i;
/** Heads of 1xx responses before the final one; honest servers send one or two. */
const MAX_INTERIM_HEADS = 10;

interface HeadLimits {
  /** ms from a request to the first byte of its response. */
  firstByteMs: number;
  /** ms between two bytes of a head: however slowly it comes, each is progress. */
  stallMs: number;
}

export function readLeniently(socket: Socket, limits: HeadLimits): Socket {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  const write = socket.write.bind(socket) as Socket['write'];
  const unshift = socket.unshift.bind(socket) as (chunk: Buffer) => void;
  const responses = new LenientResponses(limits, (error) => socket.destroy(error));

  return Object.assign(socket, {
    unshift(chunk: Buffer) {
      responses.takeBack(chunk);
      unshift(chunk);
    },
    read(size?: number) {
      for (;;) {
        const chunk = read(size);
        // `read(0)`, by which Node itself asks for more, returns nothing.
        if (chunk === null) return chunk;
        try {
          const given = responses.receive(chunk);
          if (given !== null) return given;
        } catch (thrown) {
          responses.fail(thrown as Error);
          return null;
        }
      }
    },
    write(...args: Parameters<Socket['write']>) {
      responses.expect();
      return write(...args);
    },
  })
    .prependListener('error', (error: NodeJS.ErrnoException) => {
      // undici takes this code for the end of a body that has no length (its client-h1.js): half a file would be a whole one.
      if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED';
    })
    .prependListener('close', () => responses.close())
    .prependListener('end', () => responses.end());
}

/** The responses of one connection, as the parser accepts them. */
class LenientResponses {
  readonly #limits: HeadLimits;
  readonly #destroy: (error: Error) => void;
  /** Of the head that is being received; null in a body. */
  #pieces: Buffer[] | null = null;
  #length = 0;
  /** The last bytes of the head so far, which may be the beginning of its end. */
  #tail = '';
  /** Since the last request. */
  #interimHeads = 0;
  #timer: NodeJS.Timeout | undefined;
  #framing: ChunkFraming | null = null;
  /** What the parser gave back when it paused: the next bytes that are read, which have been rewritten. */
  #returnedBytes = 0;

  constructor(limits: HeadLimits, destroy: (error: Error) => void) {
    this.#limits = limits;
    this.#destroy = destroy;
  }

  /** A request is sent: what comes next is the head of its response. */
  expect(): void {
    this.#interimHeads = 0;
    this.#beginHead();
  }

  takeBack(chunk: Buffer): void {
    this.#returnedBytes += chunk.length;
  }

  /** @returns what the parser gets; null = nothing yet. @throws SluiceError for what is no response */
  receive(chunk: Buffer): Buffer | null {
    return this.#pieces === null ? this.#bodyOf(chunk) : this.#headOf(this.#pieces, chunk);
  }

  fail(error: Error): void {
    this.#pieces = null;
    this.close();
    this.#destroy(error);
  }

  /** The connection ends, perhaps after so few bytes that `receive` could not decide. */
  end(): void {
    if (this.#pieces !== null && this.#length > 0 && beginsAsHttp(firstBytes(this.#pieces)) !== true)
      this.#destroy(notHttp('It does not begin as HTTP does.'));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #beginHead(): void {
    [this.#pieces, this.#length, this.#tail, this.#framing, this.#returnedBytes] = [[], 0, '', null, 0];
    const { firstByteMs } = this.#limits;
    this.#restartTimer(firstByteMs, () => firstByteTimeout(firstByteMs));
  }

  #restartTimer(ms: number, errorOf: () => Error): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#destroy(errorOf()), ms);
  }

  #headOf(pieces: Buffer[], chunk: Buffer): Buffer | null {
    pieces.push(chunk);
    const isFirst = this.#length < FIRST_BYTES;
    this.#length += chunk.length;
    this.#restartTimer(this.#limits.stallMs, () => new SluiceError('engine_stalled'));
    const seen = this.#tail + chunk.toString('latin1');
    this.#tail = seen.slice(-3);
    if (isFirst && beginsAsHttp(firstBytes(pieces)) === false)
      throw notHttp('It does not begin as HTTP does.');
    // Leading empty lines are part of no head.
    const isWhole = EMPTY_LINE.test(this.#length === seen.length ? seen.replace(/^[\r\n]+/, '') : seen);
    if (!isWhole && this.#length > MAX_LONG_HEAD_BYTES) throw new SluiceError('head_too_long');
    if (!isWhole) return null;
    this.#pieces = null;
    this.close();
    return this.#rewritten(Buffer.concat(pieces));
  }

  /** Several heads may arrive at once: those of 1xx responses come before the final one. */
  #rewritten(received: Buffer): Buffer | null {
    const { head, rest, isInterim } = firstHead(received);
    if (!isInterim) {
      if (CHUNKED.test(head.toString('latin1'))) this.#framing = new ChunkFraming();
      return Buffer.concat([head, this.#framing?.rewrite(rest) ?? rest]);
    }
    // Interim responses say nothing of the file, and the client takes a 100 that it has not asked for as an error (RFC 9110, 15.2).
    if (++this.#interimHeads > MAX_INTERIM_HEADS) throw notHttp('Too many interim responses.');
    this.#beginHead();
    return rest.length > 0 ? this.receive(rest) : null;
  }

  #bodyOf(chunk: Buffer): Buffer | null {
    if (this.#framing === null) return chunk;
    const known = Math.min(this.#returnedBytes, chunk.length);
    this.#returnedBytes -= known;
    if (known === chunk.length) return chunk;
    const rest = this.#framing.rewrite(chunk.subarray(known));
    const given = known === 0 ? rest : Buffer.concat([chunk.subarray(0, known), rest]);
    return given.length > 0 ? given : null;
  }
}

/**
 * The first head, rewritten where the parser would refuse it, and what follows it.
 * @throws SluiceError `head_too_long`, and as `rewrittenHead`
 */
function firstHead(received: Buffer): { head: Buffer; rest: Buffer; isInterim: boolean } {
  // Behind a head the body has begun: no more of it than a head is text.
  const text = received.toString('latin1', 0, MAX_LONG_HEAD_BYTES + FIRST_BYTES);
  const start = junkBefore(text);
  const found = EMPTY_LINE.exec(text.slice(start));
  if (!found) throw new SluiceError('head_too_long');
  const end = start + found.index + found[0].length;
  const used =
    end > MAX_HEAD_BYTES ? withoutUnusedFields(received.subarray(start, end)) : received.subarray(0, end);
  const head = rewrittenHead(used.toString('latin1'));
  return {
    head: head === null ? used : Buffer.from(head, 'latin1'),
    rest: received.subarray(end),
    isInterim: /^HTTP\/\S+[ \t]+1/i.test(text.slice(start, start + 64)),
  };
}

function firstBytes(pieces: readonly Buffer[]): string {
  let text = '';
  for (const piece of pieces) {
    text += piece.toString('latin1', 0, FIRST_BYTES);
    if (text.length >= FIRST_BYTES) break;
  }
  return text;
}
