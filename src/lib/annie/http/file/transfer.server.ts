/** Fetches the segments of one file over one or more connections, until all are complete. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import type { ExtraConnection } from '../../engine.ts';
import type { HttpResponse } from '../client.server.ts';
import { extentOf } from '../extent.ts';
import { PageInstead } from '../portal.ts';
import { relationOf, validatorsOf } from '../head.ts';
import { mayRefuseRange } from '../status.ts';
import { interpretOrDiscard, NotAFile } from './open-file.server.ts';
import { isWorthMore, UNLIMITED } from './more-connections.ts';
import { SegmentWriter } from './segment-writer.server.ts';
import {
  nextFreeSegment,
  isDone,
  receivedBytes,
  missingBytes,
  type Segment,
  splitLargest,
  undoSplit,
} from './segments.ts';
import { isOtherVersion, ReopenRequired } from './reopen-required.ts';
import { continuesAt, requestStart } from './seam.server.ts';
import { FastBody } from './socket-body.server.ts';
import type { TransferOptions } from './transfer-options.ts';
import { BodyTooLong, pipeStream } from './stream-body.server.ts';

/** Below this the fast path's extra connection costs more than it saves. */
const FAST_FROM_BYTES = 8 * 1024 * 1024;
/** Tries in a row without a byte, and tries in all, before the download fails and the runner decides. */
const MAX_IDLE_TRIES = 3;
const MAX_TRIES = 20;
const FIRST_BACKOFF_MS = 200;
/** Broken connections are retried here; what a server refuses on purpose is left to the runner. */
const RETRYABLE: readonly ErrorCode[] = ['connection_lost', 'connect_failed', 'size_mismatch', 'timeout'];

/** Of one connection. */
interface Role {
  isExtra: boolean;
  signal: AbortSignal;
}

export class Transfer {
  readonly #options: TransferOptions;
  readonly #fatal = new AbortController();
  readonly #signal: AbortSignal;
  readonly #writers = new Set<SegmentWriter>();
  /** One for each connection. */
  readonly #workers = new Set<Promise<void>>();
  readonly #startedMs = performance.now();
  readonly #startedBytes: number;
  #mayAddConnections: boolean;
  #mayUseFastPath = true;
  /** No connection has met another version. */
  #maySplit = true;
  #finalUrl: URL | null = null;
  #lastError: unknown = null;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#fatal.signal]);
    this.#startedBytes = receivedBytes(options.segments);
    const isVersioned = options.validators.ifRange !== null;
    this.#mayAddConnections = options.resumable && isVersioned && options.maxConnections > 1;
  }

  /**
   * Resolves when all segments are complete and no connection or write is left.
   * @throws ReopenRequired, SluiceError network codes, `remote_*`, `disk_*`
   */
  async run(first: HttpResponse): Promise<void> {
    const { segments, signal } = this.#options;
    this.#startWorker(first, null);
    while (this.#workers.size > 0) {
      await Promise.all(this.#workers);
      // segments that an extra connection gave up after the last of the others was done
      if (this.#workers.size === 0 && this.#lastError === null && nextFreeSegment(segments))
        this.#startWorker(null, null);
    }
    signal.throwIfAborted();
    this.#fatal.signal.throwIfAborted();
    if (this.#lastError !== null) throw this.#lastError as Error;
  }

  /** Ends all connections; `run` throws the error. */
  fail(error: SluiceError): void {
    this.#fatal.abort(error);
  }

  /** Called a few times a second: writes what has waited, opens more connections where they help. */
  tick(nowMs: number): void {
    const { segments, totalBytes, maxConnections } = this.#options;
    for (const writer of this.#writers) writer.tick(nowMs);
    const connections = this.#workers.size;
    if (!this.#mayAddConnections || totalBytes === null) return;
    if (connections >= maxConnections || connections === 0) return;
    const [startedBytes, elapsedMs] = [this.#startedBytes, nowMs - this.#startedMs];
    if (!isWorthMore({ totalBytes, startedBytes, receivedBytes: receivedBytes(segments), elapsedMs })) return;
    const extra = this.#openExtra();
    if (extra === null) return;
    if (nextFreeSegment(segments) ?? splitLargest(segments)) this.#startWorker(null, extra);
    else extra.close();
  }

  #openExtra(): ExtraConnection | null {
    const { openExtra } = this.#options;
    return openExtra === undefined ? UNLIMITED : openExtra();
  }

  #startWorker(first: HttpResponse | null, extra: ExtraConnection | null): void {
    const signal = AbortSignal.any([this.#signal, (extra ?? UNLIMITED).signal]);
    const role = { isExtra: extra !== null, signal };
    const worker = this.#work(first, role)
      .catch((thrown: unknown) => {
        // Another download has it now; later there may be one more again.
        if (extra?.signal.aborted === true) return;
        if (thrown instanceof SluiceError && thrown.code === 'remote_busy') extra?.refused();
        // The first connection delivers one version, even if another server sends a later one.
        if (role.isExtra) {
          this.#mayAddConnections = false;
          return;
        }
        // What aborted it is the reason, not that it was aborted.
        this.#lastError ??= this.#fatal.signal.aborted ? this.#fatal.signal.reason : thrown;
        this.#fatal.abort(thrown);
      })
      .finally(() => {
        extra?.close();
        this.#workers.delete(worker);
      });
    this.#workers.add(worker);
  }

  /** Fetches free segments, one after the other, until there are none. */
  async #work(first: HttpResponse | null, role: Role): Promise<void> {
    const { segments, resumable, ranged, signal } = this.#options;
    let tries = 0;
    let idleTries = 0;
    let segment = nextFreeSegment(segments);
    for (let response = first; segment !== null; response = null) {
      const before = segment.received;
      try {
        await this.#fetch(segment, response, role.signal);
        // an early but orderly end: request the missing bytes, unless the body was the whole file, or empty
        if (!isDone(segment) && !ranged) throw contradiction(segment.received, segment.end);
        if (!isDone(segment) && segment.received === before) throw new SluiceError('size_mismatch');
        idleTries = 0;
      } catch (thrown) {
        signal.throwIfAborted();
        // The others go on with the version that they have.
        if (isOtherVersion(thrown) && this.#workers.size > 1) {
          role.isExtra = true;
          this.#maySplit = false;
        }
        const { isExtra } = role;
        // What an extra connection has left may be had from the server that the others had.
        const mayFindIt = !isExtra && segments.length > 1 && isOtherVersion(thrown);
        const isBroken = thrown instanceof SluiceError && RETRYABLE.includes(thrown.code);
        const isRetryable = resumable && (isBroken || mayFindIt);
        const isIdle = segment.written === before;
        idleTries = isIdle ? idleTries + 1 : 1;
        if (isExtra) undoSplit(segments, segment);
        if (!isRetryable || (isExtra && isIdle) || idleTries >= MAX_IDLE_TRIES || ++tries >= MAX_TRIES)
          throw thrown;
        const backoffMs = FIRST_BACKOFF_MS * 2 ** (idleTries - 1) * (0.75 + Math.random() / 2);
        await delay(backoffMs, null, { signal: role.signal });
      }
      if (role.signal.aborted) return;
      const maySplit = resumable && this.#maySplit && this.#workers.size > 1;
      segment = nextFreeSegment(segments) ?? (maySplit ? splitLargest(segments) : null);
    }
  }

  async #fetch(segment: Segment, first: HttpResponse | null, signal: AbortSignal): Promise<void> {
    const { handle, onBytes, beforeFirstWrite, distrustFile } = this.#options;
    segment.isBusy = true;
    // what an earlier connection received but could not write is fetched again
    segment.received = segment.written;
    const onError = (error: SluiceError): void => this.fail(error);
    const writer = new SegmentWriter(handle, segment, onError, beforeFirstWrite);
    this.#writers.add(writer);
    const from = segment.received;
    let isTooLong = false;
    let response = first;
    try {
      const fast = await this.#openFastPath(segment, response, signal);
      if (fast) {
        response?.discard();
        await fast.pipeTo(writer, onBytes);
      } else {
        response ??= await this.#request(segment, signal);
        this.#finalUrl = response.url;
        await pipeStream(response, writer, signal, onBytes, this.#bodyEnd(response));
      }
    } catch (thrown) {
      response?.discard();
      isTooLong = thrown instanceof BodyTooLong;
      throw isTooLong ? this.#bodyTooLong() : thrown;
    } finally {
      await writer.flush().finally(() => {
        this.#writers.delete(writer);
        // any of its bytes may be wrong
        if (isTooLong) segment.received = segment.written = from;
        segment.isBusy = false;
      });
      if (isTooLong) await distrustFile?.();
    }
    if (segment.end === null) segment.end = segment.received;
  }

  #isWorthFastPath(segment: Segment, response: HttpResponse | null): boolean {
    if (response) this.#finalUrl = response.url;
    const canRequest = this.#options.ranged || segment.received === 0;
    const isLarge = segment.end !== null && missingBytes(segment) >= FAST_FROM_BYTES;
    const hasSeam = segment.received > 0 && this.#options.validators.ifRange === null;
    return this.#mayUseFastPath && this.#finalUrl !== null && canRequest && isLarge && !hasSeam;
  }

  async #openFastPath(
    segment: Segment,
    response: HttpResponse | null,
    signal: AbortSignal,
  ): Promise<FastBody | null> {
    const { client, totalBytes } = this.#options;
    if (!this.#isWorthFastPath(segment, response) || this.#finalUrl === null || totalBytes === null)
      return null;
    // Until the response is closed there are two connections.
    const extra = response === null ? UNLIMITED : this.#openExtra();
    if (extra === null) return null;
    const request = {
      ...this.#options,
      url: this.#finalUrl,
      segment,
      totalBytes,
      signal,
      headers: client.headersFor(this.#finalUrl),
    };
    const fast = await FastBody.open(request).finally(() => extra.close());
    // a server that is not fit for it now will not be a moment later
    this.#mayUseFastPath = fast !== null;
    return fast;
  }

  /** Requests what a segment is missing. */
  async #request(segment: Segment, signal: AbortSignal): Promise<HttpResponse> {
    const { client, url, workDir, validators, totalBytes, resumable, onOtherBytes } = this.#options;
    if (!resumable || totalBytes === null) throw this.#reopen('file_changed');
    const { received, end } = segment;
    const from = requestStart(validators, received);
    const headers: Record<string, string> = { range: `bytes=${from}-${end === null ? '' : end - 1}` };
    if (validators.ifRange !== null) headers['if-range'] = validators.ifRange;
    const response = await client.get(url, { signal, headers, accept: [416] }).catch((thrown: unknown) => {
      const isRefused = mayRefuseRange(thrown) && !thrown.transient;
      throw isRefused ? new ReopenRequired(thrown, receivedBytes(this.#options.segments)) : thrown;
    });
    try {
      const decision = interpretOrDiscard(response, { from, known: { validators, totalBytes } });
      if (decision.mode === 'ranged') {
        const seam = { start: from, received, workDir, onBytes: onOtherBytes };
        if (await continuesAt(seam, response.body, signal)) return response;
        throw this.#reopen('file_changed');
      }
    } catch (thrown) {
      response.discard();
      // For example a login that has expired: the bytes on the disk stay good.
      if (!(thrown instanceof NotAFile)) throw thrown;
      throw new PageInstead(url, response.url);
    }
    response.discard();
    if (relationOf(validators, validatorsOf(response.head)) === 'other') throw this.#reopen('file_changed');
    throw this.#reopen('remote_contradiction', 'The server did not send the part that was requested.');
  }

  /** Where in the file the body of a response ends, exclusive; null = unknown. */
  #bodyEnd({ status, head }: HttpResponse): number | null {
    const extent = extentOf(status, head);
    return extent.kind === 'part' ? extent.end : this.#options.totalBytes;
  }

  #bodyTooLong(): Error {
    const message = 'The server sent more bytes than it announced.';
    const reopen = this.#reopen('remote_contradiction', message, true);
    return this.#options.ranged ? reopen : reopen.failure;
  }

  #reopen(code: ErrorCode, message?: string, withoutRange = false): ReopenRequired {
    const received = receivedBytes(this.#options.segments);
    return new ReopenRequired(new SluiceError(code, message), received, withoutRange);
  }
}
