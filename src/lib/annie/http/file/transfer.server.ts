/** Fetches the stretches of one file over one or more connections, until all are there. */
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import type { Guard } from '../../../guard/guard.server.ts';
import type { HttpAnswer, HttpClient } from '../client.server.ts';
import { extentOf } from '../extent.ts';
import { relationOf, type Validators, validatorsOf } from '../head.ts';
import { interpretOrDiscard, NotAFile } from './first-answer.server.ts';
import { createSegmentWriter, type SegmentWriter } from './segment-writer.server.ts';
import {
  freeSegment,
  isDone,
  mergeBack,
  receivedBytes,
  roomIn,
  type Segment,
  splitLargest,
} from './segments.ts';
import { openFast } from './socket-body.server.ts';
import { BodyTooLong, pourStream } from './stream-body.server.ts';

/** Below this the fast path's extra connection costs more than it saves. */
const FAST_FROM_BYTES = 8 * 1024 * 1024;
/** More connections only for files that are worth it, and that are not here in a moment anyway. */
const HELP_FROM_BYTES = 16 * 1024 * 1024;
const HELP_AFTER_MS = 500;
const HELP_IF_LEFT_SECONDS = 2;
/** One connection this fast is not held back by its server; more would only make smaller reads. */
const HELP_BELOW_BYTES_PER_MS = 32 * 1024;
/** Tries in a row without a byte, and tries in all, before the attempt fails and its owner decides. */
const MAX_IDLE_TRIES = 3;
const MAX_TRIES = 20;
const FIRST_BACKOFF_MS = 200;
/** Broken connections are mended here; what a server says on purpose is its owner's business. */
const MENDABLE: readonly ErrorCode[] = ['connection_lost', 'connect_failed', 'size_mismatch', 'timeout'];

/** The remaining bytes cannot be had in this way: the file has to be opened again. */
export class Reopen extends Error {
  /** The error if it keeps happening. */
  readonly failure: SluiceError;
  /** Of the file, when it stopped. */
  readonly receivedBytes: number;
  /** Answers to a range are unusable. */
  readonly withoutRange: boolean;

  constructor(failure: SluiceError, receivedBytes: number, withoutRange = false) {
    super(failure.message);
    this.failure = failure;
    this.receivedBytes = receivedBytes;
    this.withoutRange = withoutRange;
  }
}

export interface TransferOptions {
  client: HttpClient;
  guard: Guard;
  url: string;
  handle: FileHandle;
  segments: Segment[];
  totalBytes: number | null;
  validators: Validators;
  /** The server serves ranges of a version that can be told apart. */
  resumable: boolean;
  ranged: boolean;
  maxConnections: number;
  stallMs: number;
  signal: AbortSignal;
  onBytes: (nowMs: number) => void;
}

export interface Transfer {
  /** Settles when no connection and no write is left. @throws Reopen, SluiceError network codes, `remote_*`, `disk_*` */
  run(first: HttpAnswer): Promise<void>;
  /** Called a few times a second: writes what has waited, opens more connections where they help. */
  tick(nowMs: number): void;
}

export function createTransfer(options: TransferOptions): Transfer {
  const { client, guard, url, handle, segments, totalBytes, validators, resumable, ranged } = options;
  const { maxConnections, stallMs, onBytes } = options;
  const fatal = new AbortController();
  const signal = AbortSignal.any([options.signal, fatal.signal]);
  const writers = new Set<SegmentWriter>();
  const workers = new Set<Promise<void>>();
  const startedMs = performance.now();
  const startedBytes = receivedBytes(segments);
  let helpersWelcome = resumable && maxConnections > 1;
  let finalUrl: URL | null = null;
  let fastWelcome = true;
  let lastError: unknown = null;

  async function fetchInto(segment: Segment, first: HttpAnswer | null): Promise<void> {
    segment.taken = true;
    // what an earlier connection received but could not write has to come again
    segment.received = segment.written;
    const writer = createSegmentWriter(handle, segment, (error) => {
      fatal.abort(error);
    });
    writers.add(writer);
    const from = segment.received;
    let isTooLong = false;
    let answer = first;
    try {
      const fast = worthFast(segment, answer) ? await openFastFor(segment) : null;
      if (fast) {
        answer?.discard();
        await fast.pour(writer, onBytes);
      } else {
        answer ??= await ask(segment);
        finalUrl = answer.url;
        await pourStream(answer, writer, signal, onBytes, endOf(answer));
      }
    } catch (thrown) {
      answer?.discard();
      isTooLong = thrown instanceof BodyTooLong;
      throw isTooLong ? bodyTooLong() : thrown;
    } finally {
      await writer.flush().finally(() => {
        writers.delete(writer);
        // any of its bytes may be the wrong ones
        if (isTooLong) segment.received = segment.written = from;
        segment.taken = false;
      });
    }
    if (segment.end === null) segment.end = segment.received;
  }

  function worthFast(segment: Segment, answer: HttpAnswer | null): boolean {
    if (answer) finalUrl = answer.url;
    const whole = ranged || segment.received === 0;
    return (
      fastWelcome && finalUrl !== null && segment.end !== null && whole && roomIn(segment) >= FAST_FROM_BYTES
    );
  }

  async function openFastFor(segment: Segment): ReturnType<typeof openFast> {
    if (finalUrl === null || totalBytes === null) return null;
    const ask = { guard, url: finalUrl, segment, totalBytes, validators, ranged, stallMs, signal };
    const fast = await openFast(ask);
    // a server that is not for it once will not be a moment later
    fastWelcome = fast !== null;
    return fast;
  }

  /** Where in the file the body of an answer ends, exclusive; null = unknown. */
  function endOf({ status, head }: HttpAnswer): number | null {
    const extent = extentOf(status, head);
    return extent.kind === 'part' ? extent.end : totalBytes;
  }

  function reopen(code: ErrorCode, message?: string, withoutRange = false): Reopen {
    return new Reopen(new SluiceError(code, message), receivedBytes(segments), withoutRange);
  }

  function bodyTooLong(): Error {
    const message = 'The server sent more bytes than it announced.';
    const failure = reopen('remote_contradiction', message, true);
    return ranged ? failure : failure.failure;
  }

  async function ask(segment: Segment): Promise<HttpAnswer> {
    if (!resumable || totalBytes === null) throw reopen('file_changed');
    const { received: from, end } = segment;
    const headers: Record<string, string> = { range: `bytes=${from}-${end === null ? '' : end - 1}` };
    if (validators.ifRange !== null) headers['if-range'] = validators.ifRange;
    const answer = await client.get(url, { signal, headers, accept: [416] });
    try {
      const opening = interpretOrDiscard(answer, { from, known: { validators, totalBytes } });
      if (opening.mode === 'ranged') return answer;
    } catch (thrown) {
      // A login that ran out, say: what is here stays good.
      if (!(thrown instanceof NotAFile)) throw thrown;
      const message = 'The server sent a page where the rest of the file was asked for.';
      throw new SluiceError('remote_status', message);
    }
    answer.discard();
    if (relationOf(validators, validatorsOf(answer.head)) === 'other') throw reopen('file_changed');
    throw reopen('remote_contradiction', 'The server did not send the part that was requested.');
  }

  async function work(first: HttpAnswer | null, helper: boolean): Promise<void> {
    let tries = 0;
    let idleTries = 0;
    let segment = freeSegment(segments);
    for (let answer = first; segment !== null; answer = null) {
      const before = segment.received;
      try {
        await fetchInto(segment, answer);
        // an early but orderly end: request the remaining bytes, unless the body was the whole file, or empty
        if (!isDone(segment) && !ranged) throw contradiction(segment.received, segment.end);
        if (!isDone(segment) && segment.received === before) throw new SluiceError('size_mismatch');
        idleTries = 0;
      } catch (thrown) {
        options.signal.throwIfAborted();
        const mendable = resumable && thrown instanceof SluiceError && MENDABLE.includes(thrown.code);
        const idle = segment.written === before;
        idleTries = idle ? idleTries + 1 : 1;
        if (helper) mergeBack(segments, segment);
        if (!mendable || (helper && idle) || idleTries >= MAX_IDLE_TRIES || ++tries >= MAX_TRIES)
          throw thrown;
        await delay(FIRST_BACKOFF_MS * 2 ** (idleTries - 1) * (0.75 + Math.random() / 2), null, { signal });
      }
      segment = freeSegment(segments) ?? (resumable && workers.size > 1 ? splitLargest(segments) : null);
    }
  }

  function employ(first: HttpAnswer | null, helper: boolean): void {
    const worker = work(first, helper)
      .catch((thrown: unknown) => {
        // The first connection delivers one version, even if another server answers a later one.
        if (helper) {
          helpersWelcome = false;
          return;
        }
        // What aborted it is the reason, not that it was aborted.
        lastError ??= fatal.signal.aborted ? fatal.signal.reason : thrown;
        fatal.abort(thrown);
      })
      .finally(() => workers.delete(worker));
    workers.add(worker);
  }

  return {
    async run(first) {
      employ(first, false);
      while (workers.size > 0) {
        await Promise.all(workers);
        // stretches that a helper gave up, after the last of the others was done
        if (workers.size === 0 && lastError === null && freeSegment(segments)) employ(null, false);
      }
      options.signal.throwIfAborted();
      if (lastError !== null) throw lastError as Error;
    },
    tick(nowMs) {
      for (const writer of writers) writer.tick(nowMs);
      if (!helpersWelcome || totalBytes === null || totalBytes < HELP_FROM_BYTES) return;
      const elapsedMs = nowMs - startedMs;
      if (elapsedMs < HELP_AFTER_MS || workers.size >= maxConnections || workers.size === 0) return;
      const received = receivedBytes(segments);
      const bytesPerMs = (received - startedBytes) / elapsedMs;
      if (bytesPerMs > HELP_BELOW_BYTES_PER_MS) return;
      if ((totalBytes - received) / bytesPerMs < HELP_IF_LEFT_SECONDS * 1000) return;
      if (freeSegment(segments) ?? splitLargest(segments)) employ(null, true);
    },
  };
}
