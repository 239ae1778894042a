/**
 * The fast path for large plain bodies: a socket from the guard reads (Node's `onread`) straight into the blocks that are
 * written to the file, without streams or a parser: half the time of the HTTP client for 1 GiB over loopback. It is used
 * only for a response in which everything is as expected.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { SluiceError } from '../../../protocol/error.ts';
import type { Guard } from '../../../guard/guard.server.ts';
import { unbracket } from '../../../guard/address.ts';
import { portOf } from '../../../guard/policy.ts';
import { requestHeaders } from '../client/request-headers.ts';
import { codingsOf } from '../head/codings.ts';
import {
  contentLengthOf,
  contentRangeOf,
  repeatsVersion,
  type Validators,
  validatorsOf,
} from '../head/head.ts';
import { networkError } from '../failure/network-error.ts';
import { HeadBytes } from '../client/head-bytes.ts';
import { readPlainHead } from '../client/plain-head.ts';
import { cancelResume, pauseAfterRead } from './read-pacing.ts';
import { missingBytes, type Segment } from './segments.ts';
import { type OnSeam, SEAM_BYTES, SEAM_WAIT_MS } from './split-seams.server.ts';
import type { SegmentWriter, WriteResult } from './segment-writer.server.ts';

/**
 * How long the head of the response, and the first byte of its body, may take. After that the response of the HTTP client, which is still open, is used:
 * some servers serve one connection at a time.
 */
const HEAD_TIMEOUT_MS = 2000;
/**
 * Where all sockets read heads and slow bodies, which are copied from here: a read has been handled before the next one
 * of any socket begins. A view of a block for each read of a few kB would cost more than copying them.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

export interface FastRequest {
  guard: Guard;
  /** After redirects. */
  url: URL;
  /** With a known end. */
  segment: Segment;
  totalBytes: number;
  validators: Validators;
  /** The server is known to serve ranges; otherwise the whole file is requested. */
  ranged: boolean;
  stallMs: number;
  signal: AbortSignal;
  /** Of the job: Cookie and Referer. */
  headers?: Record<string, string>;
}

export class FastBody {
  readonly #request: FastRequest;
  readonly #socket: Socket;
  /** The requested bytes are [#from, #end). */
  readonly #from: number;
  readonly #end: number;
  /** What came with the head, and what TLS delivers although it is paused. */
  readonly #early: Buffer[] = [];
  readonly #done = Promise.withResolvers<void>();
  /** Of the request, and of whoever has the body now. */
  #signals: AbortSignal[] = [];
  readonly #onAbort = (): void => this.#finish(this.#signals.find(({ aborted }) => aborted)?.reason);
  #onChunk: (chunk: Buffer) => void = () => {};
  #writer: SegmentWriter | null = null;
  /** The socket reads into the writer's block, not into `shared`. */
  #readingIntoBlock = false;
  /** Paused until the disk has caught up. */
  #isDraining = false;
  #onSeam: OnSeam | null = null;
  #seamTimer: NodeJS.Timeout | undefined;
  #isAtSeam = false;

  constructor(request: FastRequest, socket: Socket, from: number, end: number) {
    this.#request = request;
    this.#socket = socket;
    this.#from = from;
    this.#end = end;
  }

  /** Null when the server's response is not for the fast path; throws only on abort. */
  static async open(request: FastRequest): Promise<FastBody | null> {
    const { guard, url, segment, signal } = request;
    const [from, end] = [segment.received, segment.end ?? request.totalBytes];
    let body: FastBody | null = null;
    // Pause with `pause()`, never with `return false`: Node would then not ask for the next buffer, and read on into one
    // that is being written.
    const onread: OnReadOpts = {
      buffer: () => (body === null ? shared : body.#nextBuffer()),
      callback: (bytes, chunk) => {
        if (body !== null) body.#onChunk((chunk as Buffer).subarray(0, bytes));
        return true;
      },
    };
    try {
      const host = unbracket(url.hostname);
      const tls = url.protocol === 'https:';
      const socket = await guard.connect({ host, port: portOf(url), tls, signal, onread });
      body = new FastBody(request, socket, from, end);
    } catch {
      signal.throwIfAborted();
      return null;
    }
    if (await body.#receiveHead()) return body;
    body.discard();
    signal.throwIfAborted();
    return null;
  }

  /** As `pipeStream`. */
  pipeTo(
    writer: SegmentWriter,
    onBytes: (nowMs: number) => void,
    { signal: own, onSeam }: { signal: AbortSignal; onSeam: OnSeam },
  ): Promise<void> {
    this.#onSeam = onSeam;
    const { stallMs, signal } = this.#request;
    this.#signals = [signal, own];
    const socket = this.#socket;
    const onEnd = (): void => this.#onEnd(writer);
    for (const each of this.#signals) each.addEventListener('abort', this.#onAbort, { once: true });
    socket.removeAllListeners('timeout');
    socket.setTimeout(stallMs, () => {
      if (!this.#isDraining) this.#finish(new SluiceError('engine_stalled'));
    });
    socket.once('end', onEnd).once('close', onEnd);
    socket.once('error', (thrown) => {
      if (!this.#isBehind(writer)) this.#finish(networkError(thrown, signal));
    });
    if (signal.aborted || own.aborted) {
      this.#onAbort();
      return this.#done.promise;
    }
    this.#writer = writer;
    this.#onChunk = (chunk) => this.#receive(chunk, writer, onBytes);
    for (const chunk of this.#early.splice(0)) if (this.#writer !== null) this.#onChunk(chunk);
    if (!this.#isDraining && !socket.destroyed) socket.resume();
    if (socket.readableEnded && this.#writer !== null) onEnd();
    return this.#done.promise;
  }

  discard(): void {
    this.#socket.on('error', () => {});
    this.#socket.destroy();
  }

  #nextBuffer(): Uint8Array {
    this.#readingIntoBlock = this.#writer?.isFast ?? false;
    return this.#readingIntoBlock && this.#writer ? this.#writer.reserve() : shared;
  }

  /** False = there is no response in time, or none for the fast path: also one whose body does not begin. */
  async #receiveHead(): Promise<boolean> {
    const { stallMs, signal } = this.#request;
    const headBytes = new HeadBytes();
    let timer: NodeJS.Timeout | undefined;
    const isFit = await new Promise<boolean>((resolve) => {
      const fail = (): void => resolve(false);
      this.#onChunk = (chunk) => {
        const state = headBytes.add(chunk);
        if (state === 'not yet') return;
        const { head, rest } = state === 'whole' ? headBytes.split() : { head: '', rest: chunk };
        const response = readPlainHead(head);
        if (response === null || !isExpected(response, this.#request, this.#from, this.#end)) return fail();
        if (rest.length === 0) return;
        this.#socket.pause();
        this.#early.push(rest);
        this.#onChunk = (piece) => {
          this.#early.push(Buffer.from(piece));
        };
        resolve(true);
      };
      this.#socket.once('error', fail).once('close', fail).once('end', fail);
      // For the whole head, so that one that drips in does not take longer.
      timer = setTimeout(fail, Math.min(stallMs, HEAD_TIMEOUT_MS));
      signal.addEventListener('abort', fail, { once: true });
      if (signal.aborted) fail();
      this.#socket.write(requestText(this.#request, this.#from, this.#end));
    });
    clearTimeout(timer);
    return isFit && !signal.aborted;
  }

  #receive(chunk: Buffer, writer: SegmentWriter, onBytes: (nowMs: number) => void): void {
    const nowMs = performance.now();
    let result: WriteResult;
    try {
      result = this.#readingIntoBlock ? writer.commit(chunk.length, nowMs) : writer.push(chunk, nowMs);
    } catch (thrown) {
      this.#finish(thrown);
      return;
    }
    onBytes(nowMs);
    if (result === 'full') this.#atEnd(writer, onBytes);
    else if (result === 'more' && writer.isSlow) {
      pauseAfterRead(this.#socket, chunk.length);
      writer.writeSoon(nowMs);
    } else if (result === 'wait' && !this.#isDraining) this.#pauseUntilDrained(writer);
  }

  #pauseUntilDrained(writer: SegmentWriter): void {
    this.#isDraining = true;
    cancelResume(this.#socket);
    this.#socket.pause();
    writer.drained().then(
      () => {
        this.#isDraining = false;
        if (!this.#socket.destroyed) this.#socket.resume();
      },
      (thrown: unknown) => this.#finish(thrown),
    );
  }

  /** At the end of a segment that became shorter than what was requested. */
  #isBehind({ segment }: SegmentWriter): boolean {
    return this.#onSeam !== null && missingBytes(segment) === 0 && segment.end !== this.#end;
  }

  #atEnd(writer: SegmentWriter, onBytes: (nowMs: number) => void): void {
    if (!this.#isBehind(writer)) return this.#finish();
    if (this.#isAtSeam) return;
    const ask = (): void =>
      void this.#askAtSeam(writer, onBytes).catch((thrown: unknown) => this.#finish(thrown));
    if (writer.behindBytes >= SEAM_BYTES) return ask();
    this.#seamTimer ??= setTimeout(ask, SEAM_WAIT_MS).unref();
  }

  async #askAtSeam(writer: SegmentWriter, onBytes: (nowMs: number) => void): Promise<void> {
    this.#isAtSeam = true;
    clearTimeout(this.#seamTimer);
    cancelResume(this.#socket);
    this.#socket.pause();
    this.#onChunk = (piece) => void this.#early.push(Buffer.from(piece));
    const goesOn = (await this.#onSeam?.(writer.segment, writer.behind, this.#end)) ?? false;
    [this.#isAtSeam, this.#seamTimer] = [false, undefined];
    if (!goesOn || this.#writer === null) return this.#finish();
    this.#onChunk = (chunk) => this.#receive(chunk, writer, onBytes);
    this.#readingIntoBlock = false;
    for (const chunk of [writer.takeBehind(), ...this.#early.splice(0)]) this.#onChunk(chunk);
    if (!this.#isDraining && !this.#socket.destroyed) this.#socket.resume();
    if (this.#socket.readableEnded || this.#socket.destroyed) this.#onEnd(writer);
  }

  #onEnd(writer: SegmentWriter): void {
    const { signal } = this.#request;
    const { segment } = writer;
    if (this.#writer === null || this.#isAtSeam) return;
    // What follows is compared as far as it has come.
    if (this.#isBehind(writer) && !signal.aborted)
      return void this.#askAtSeam(writer, () => undefined).catch((thrown: unknown) => this.#finish(thrown));
    // the segment may have grown since the request
    if (segment.received >= this.#end) return this.#finish();
    const error = new SluiceError('size_mismatch', 'The connection was closed before the announced end.');
    this.#finish(signal.aborted ? signal.reason : error);
  }

  #finish(error?: unknown): void {
    for (const each of this.#signals) each.removeEventListener('abort', this.#onAbort);
    this.#onChunk = () => {};
    this.#writer = null;
    clearTimeout(this.#seamTimer);
    this.discard();
    if (error === undefined) this.#done.resolve();
    else this.#done.reject(error as Error);
  }
}

function requestText(
  { url, ranged, validators, headers: ofJob }: FastRequest,
  from: number,
  end: number,
): string {
  const headers = requestHeaders({
    ...ofJob,
    host: url.host,
    ...(ranged ? { range: `bytes=${from}-${end - 1}` } : {}),
    ...(ranged && validators.ifRange !== null ? { 'if-range': validators.ifRange } : {}),
    connection: 'close',
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function isExpected(
  { status, head }: { status: number; head: Parameters<typeof validatorsOf>[0] },
  { ranged, totalBytes, validators }: FastRequest,
  from: number,
  end: number,
): boolean {
  if (codingsOf(head).length > 0 || contentLengthOf(head) !== end - from) return false;
  if (!repeatsVersion(validators, validatorsOf(head))) return false;
  if (!ranged) return status === 200 && from === 0 && end === totalBytes;
  const range = contentRangeOf(head);
  return status === 206 && range?.start === from && range.end === end && range.total === totalBytes;
}
