/**
 * The fast path for large plain bodies: a socket of the guard's that reads (Node's `onread`) straight into the blocks
 * that are written to the file, no streams and no parser in between: half the time of the kept client for 1 GiB over
 * loopback. It takes an answer only if everything about it is as expected.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { SluiceError } from '../../../protocol/error.ts';
import type { Guard } from '../../../guard/guard.server.ts';
import { unbracket } from '../../../guard/address.ts';
import { portOf } from '../../../guard/policy.ts';
import { USER_AGENT } from '../client.server.ts';
import {
  codingsOf,
  contentLengthOf,
  contentRangeOf,
  sameVersion,
  type Validators,
  validatorsOf,
} from '../head.ts';
import { networkError } from '../network-error.ts';
import { HeadBytes } from './head-bytes.ts';
import { readPlainHead } from './plain-head.ts';
import { rest, stayPaused } from './rests.ts';
import { roomIn, type Segment } from './segments.ts';
import type { Fill, SegmentWriter } from './segment-writer.server.ts';

/**
 * A server that takes this long to begin is asked no further: the answer that the kept client holds is used. Some
 * servers serve one connection at a time.
 */
const HEAD_WAIT_MS = 2000;
/**
 * What heads and slow bodies are read into and copied from, by all sockets: a read has been dealt with before the next
 * one of any socket begins. A view of a block for each read of a few kB would cost more than copying them.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

export interface FastAsk {
  guard: Guard;
  /** After redirects. */
  url: URL;
  /** Of known end. */
  segment: Segment;
  totalBytes: number;
  validators: Validators;
  /** Whether the server is known to serve ranges; if not, the whole is asked for. */
  ranged: boolean;
  stallMs: number;
  signal: AbortSignal;
}

export interface FastBody {
  /** As `pourStream`. */
  pour(writer: SegmentWriter, onBytes: (nowMs: number) => void): Promise<void>;
  discard(): void;
}

/** Null when this server's answer is not for the fast path; never throws but on abort. */
export async function openFast(ask: FastAsk): Promise<FastBody | null> {
  const { guard, url, segment, signal, stallMs } = ask;
  const end = segment.end ?? ask.totalBytes;
  const from = segment.received;
  const headBytes = new HeadBytes();
  let writer: SegmentWriter | null = null;
  /** Whether the socket now reads into the writer's block or into `shared`. */
  let lent = false;
  let onHead: (whole: boolean) => void = () => {};
  let onChunk = (chunk: Buffer): void => {
    const state = headBytes.add(chunk);
    if (state === 'not yet') return;
    socket.pause();
    onHead(state === 'whole');
  };
  // Pausing is by `pause()`, never by `return false`: Node would then not ask for the next buffer, and read on into
  // one that is being written.
  const onread: OnReadOpts = {
    buffer: () => {
      lent = writer?.isSwift ?? false;
      return lent && writer ? writer.space() : shared;
    },
    callback: (bytes, chunk) => {
      onChunk((chunk as Buffer).subarray(0, bytes));
      return true;
    },
  };
  let socket: Socket;
  try {
    socket = await guard.connect({
      host: unbracket(url.hostname),
      port: portOf(url),
      tls: url.protocol === 'https:',
      signal,
      onread,
    });
  } catch {
    signal.throwIfAborted();
    return null;
  }
  const discard = (): void => {
    socket.on('error', () => {});
    socket.destroy();
  };
  let timer: NodeJS.Timeout | undefined;
  const whole = await new Promise<boolean>((resolve) => {
    onHead = resolve;
    const gone = (): void => {
      resolve(false);
    };
    socket.once('error', gone).once('close', gone).once('end', gone);
    // For all of the head: one that drips in is waited for no longer than one that does not come.
    timer = setTimeout(gone, Math.min(stallMs, HEAD_WAIT_MS));
    signal.addEventListener('abort', gone, { once: true });
    if (signal.aborted) gone();
    socket.write(requestText(ask, from, end));
  });
  clearTimeout(timer);
  if (!whole || signal.aborted) {
    discard();
    signal.throwIfAborted();
    return null;
  }
  const { head, rest: body } = headBytes.split();
  const answer = readPlainHead(head);
  if (answer === null || !asExpected(answer, ask, from, end)) {
    discard();
    return null;
  }
  // what came with the head, and what TLS delivers although it was paused
  const early: Buffer[] = [body];
  onChunk = (chunk) => {
    early.push(Buffer.from(chunk));
  };

  function pour(into: SegmentWriter, onBytes: (nowMs: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let waiting = false;
      const settle = (error?: unknown): void => {
        signal.removeEventListener('abort', onAbort);
        onChunk = () => {};
        writer = null;
        discard();
        if (error === undefined) resolve();
        else reject(error as Error);
      };
      const take = (chunk: Buffer): void => {
        const nowMs = performance.now();
        let fill: Fill;
        try {
          fill = lent ? into.advance(chunk.length, nowMs) : into.push(chunk, nowMs);
        } catch (thrown) {
          settle(thrown);
          return;
        }
        onBytes(nowMs);
        if (fill === 'full') settle();
        else if (fill === 'more' && into.isSlow) rest(socket, chunk.length);
        else if (fill === 'wait' && !waiting) {
          waiting = true;
          stayPaused(socket);
          socket.pause();
          into.drained().then(() => {
            waiting = false;
            if (!socket.destroyed) socket.resume();
          }, settle);
        }
      };
      const onAbort = (): void => {
        settle(signal.reason);
      };
      const onEnd = (): void => {
        // all that was asked for, of a stretch that has grown since
        if (into.segment.received >= end) {
          settle();
          return;
        }
        const short = new SluiceError('size_mismatch', 'The connection was closed before the announced end.');
        settle(signal.aborted ? signal.reason : short);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      socket.removeAllListeners('timeout');
      socket.setTimeout(stallMs, () => {
        if (!waiting) settle(new SluiceError('engine_stalled'));
      });
      socket.once('end', onEnd).once('close', onEnd);
      socket.once('error', (thrown) => {
        settle(networkError(thrown, signal));
      });
      if (signal.aborted) {
        onAbort();
        return;
      }
      onChunk = take;
      for (const chunk of early.splice(0)) if (roomIn(into.segment) > 0) take(chunk);
      writer = roomIn(into.segment) > 0 ? into : null;
      if (!waiting && !socket.destroyed) socket.resume();
      if (socket.readableEnded && writer) onEnd();
    });
  }

  return { pour, discard };
}

function requestText({ url, ranged, validators }: FastAsk, from: number, end: number): string {
  return [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `User-Agent: ${USER_AGENT}`,
    'Accept: */*',
    'Accept-Encoding: identity',
    ...(ranged ? [`Range: bytes=${from}-${end - 1}`] : []),
    ...(ranged && validators.ifRange !== null ? [`If-Range: ${validators.ifRange}`] : []),
    'Connection: close',
    '\r\n',
  ].join('\r\n');
}

function asExpected(
  { status, head }: { status: number; head: Parameters<typeof validatorsOf>[0] },
  { ranged, totalBytes, validators }: FastAsk,
  from: number,
  end: number,
): boolean {
  if (codingsOf(head).length > 0 || contentLengthOf(head) !== end - from) return false;
  if (!sameVersion(validators, validatorsOf(head))) return false;
  if (!ranged) return status === 200 && from === 0 && end === totalBytes;
  const range = contentRangeOf(head);
  return status === 206 && range?.start === from && range.end === end && range.total === totalBytes;
}
