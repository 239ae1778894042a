/** Fetches the segments of one file over one or more connections, until all are complete. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import type { ExtraConnection } from '../../engine.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { extentOf } from '../head/extent.ts';
import { relationOf, validatorsOf } from '../head/head.ts';
import { SLOW_START_MS } from '../memory/answers.server.ts';
import { isLate, PROMPT_MS } from '../failure/late-failure.ts';
import { PageInstead } from '../failure/portal.ts';
import { mayRefuseRange } from '../failure/status.ts';
import { FastPath } from './fast-path.server.ts';
import type { Handover } from './handover.ts';
import { interpretOrDiscard, NotAFile } from './open-file.server.ts';
import { isWorthwhile, UNCOUNTED } from './more-connections.ts';
import { SegmentWriter } from './segment-writer.server.ts';
import { nextSegment } from './next-segment.ts';
import { nextFreeSegment, isDone, receivedBytes, type Segment, undoSplit } from './segments.ts';
import { isOtherVersion, ReopenRequired } from './reopen-required.ts';
import { continuesAt, requestStart } from './seam.server.ts';
import { readFirstBytes } from './tail-check.server.ts';
import type { StartedSegment, ConnectionRole, TransferOptions } from './transfer-options.ts';
import { BodyTooLong, pipeStream } from '../body/stream-body.server.ts';

/** Tries in a row without a byte, and in all, before the runner decides. */
const MAX_IDLE_TRIES = 3;
const MAX_TRIES = 20;
const FIRST_BACKOFF_MS = 200;
/** Broken connections are retried here; what a server refuses on purpose is left to the runner. */
const RETRYABLE: readonly ErrorCode[] = ['connection_lost', 'connect_failed', 'size_mismatch', 'timeout'];

export class Transfer {
  readonly #options: TransferOptions;
  readonly #fatal = new AbortController();
  readonly #signal: AbortSignal;
  readonly #writers = new Set<SegmentWriter>();
  readonly #workers = new Set<Promise<void>>();
  readonly #startedMs = performance.now();
  readonly #startedBytes: number;
  #mayAddConnections: boolean;
  #maySplit = true;
  /** Ends the connection that has not delivered yet; null = there is none. One at a time. */
  #requesting: AbortController | null = null;
  readonly #fastPath: FastPath;
  #lastError: unknown = null;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#fatal.signal]);
    this.#fastPath = new FastPath(options, this.#signal);
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
    // Each connection would begin the work again for which this one has waited.
    if (first.waitedMs >= SLOW_START_MS) this.#fastPath.mayBeUsed = false;
    if (first.waitedMs >= PROMPT_MS) this.#mayAddConnections = false;
    const segment = nextFreeSegment(segments);
    if (segment !== null) this.#startWorker({ segment, response: first }, null);
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
    const { segments, totalBytes, maxConnections, openExtra } = this.#options;
    for (const writer of this.#writers) writer.tick(nowMs);
    const { size: connections } = this.#workers;
    if (!this.#mayAddConnections || totalBytes === null) return;
    if (connections >= maxConnections || connections === 0 || this.#requesting !== null) return;
    const bytes = { totalBytes, startedBytes: this.#startedBytes, receivedBytes: receivedBytes(segments) };
    if (!isWorthwhile({ ...bytes, elapsedMs: nowMs - this.#startedMs })) return;
    if (nextSegment(segments, this.#maySplit) === null) return;
    const extra = openExtra === undefined ? UNCOUNTED : openExtra();
    if (extra !== null) this.#startWorker(null, extra);
  }

  /** @param extra null = the first connection, or one in its place */
  #startWorker(begun: StartedSegment | null, extra: ExtraConnection | null): ConnectionRole {
    const mayBeTaken = extra !== null && extra !== UNCOUNTED;
    const signal = mayBeTaken ? AbortSignal.any([this.#signal, extra.signal]) : this.#signal;
    const role: ConnectionRole = { isExtra: extra !== null, successor: null, signal };
    const worker = this.#work(begun, role)
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
        if (this.#options.segments.every(isDone)) this.#requesting?.abort();
        if (role.successor !== null) role.successor.isExtra = role.isExtra;
      });
    this.#workers.add(worker);
    return role;
  }

  /** Fetches free segments, one after the other, until there are none. */
  async #work(begun: StartedSegment | null, role: ConnectionRole): Promise<void> {
    const { segments, resumable, ranged, signal } = this.#options;
    let tries = 0;
    let idleTries = 0;
    for (let next = begun ?? (await this.#next(role)); next !== null; next = await this.#next(role)) {
      const { segment } = next;
      const before = segment.received;
      try {
        await this.#fetch(next, role);
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
        const isRetryable = resumable && (isBroken || mayFindIt) && !isLate(thrown);
        const isIdle = segment.written === before;
        idleTries = isIdle ? idleTries + 1 : 1;
        if (isExtra) undoSplit(segments, segment);
        if (!isRetryable || (isExtra && isIdle) || idleTries >= MAX_IDLE_TRIES || ++tries >= MAX_TRIES)
          throw thrown;
        const backoffMs = FIRST_BACKOFF_MS * 2 ** (idleTries - 1) * (0.75 + Math.random() / 2);
        await delay(backoffMs, null, { signal: role.signal });
      }
      if (role.successor !== null && isDone(segment)) return;
      if (role.signal.aborted) return;
    }
  }

  /** The first connection fetches what is free; others begin when they deliver. */
  async #next(role: ConnectionRole): Promise<StartedSegment | null> {
    const { segments, resumable } = this.#options;
    const segment = nextFreeSegment(segments);
    if (!role.isExtra && segment !== null) return { segment };
    const isAlone = !role.isExtra && this.#workers.size < 2;
    if (!resumable || isAlone || this.#requesting !== null) return null;
    role.isExtra = true;
    return this.#requestNext(role);
  }

  /** A connection for bytes that others may fetch until it delivers; null = they have, or there are none. */
  async #requestNext(role: ConnectionRole): Promise<StartedSegment | null> {
    const choice = nextSegment(this.#options.segments, this.#maySplit);
    if (choice === null) return null;
    const stop = new AbortController();
    const signal = AbortSignal.any([role.signal, stop.signal]);
    this.#requesting = stop;
    let response: HttpResponse | null = null;
    try {
      const { wanted } = choice;
      const body = this.#fastPath.isWorthIt(wanted) ? await this.#fastPath.open(wanted, signal) : null;
      response = body === null ? await this.#request(wanted, { ...role, signal }) : null;
      if (response !== null && (await readFirstBytes(response.body, 1, signal)).length === 0)
        throw new SluiceError('size_mismatch');
      const segment = choice.take();
      if (segment === null) body?.discard();
      else if (body !== null) return { segment, body };
      else if (response !== null) return { segment, response };
      response?.discard();
      return null;
    } catch (thrown) {
      response?.discard();
      throw thrown;
    } finally {
      this.#requesting = null;
    }
  }

  async #fetch({ segment, ...begun }: StartedSegment, role: ConnectionRole): Promise<void> {
    const { handle, onBytes, beforeFirstWrite, distrustFile, onOtherBytes } = this.#options;
    segment.isBusy = true;
    // what an earlier connection received but could not write is fetched again
    segment.received = segment.written;
    const onError = (error: SluiceError): void => this.fail(error);
    const writer = new SegmentWriter(handle, segment, onError, beforeFirstWrite);
    this.#writers.add(writer);
    const from = segment.received;
    let isTooLong = false;
    let response = begun.response ?? null;
    const isFirst = response !== null && !role.isExtra;
    let handover: Handover | null = null;
    try {
      const mayOpen = response === null && this.#fastPath.isWorthIt(segment);
      const fast = begun.body ?? (mayOpen ? await this.#fastPath.open(segment, role.signal) : null);
      if (fast) await fast.pipeTo(writer, onBytes);
      else {
        response ??= await this.#request(segment, role);
        this.#fastPath.found = response;
        if (isFirst)
          handover = this.#fastPath.handoverOf(segment, (rest, body) => {
            role.successor = this.#startWorker({ segment: rest, body }, UNCOUNTED);
          });
        const report = (nowMs: number): void => {
          onBytes(nowMs);
          handover?.begin();
        };
        await pipeStream(response, writer, role.signal, report, this.#bodyEnd(response), onOtherBytes);
      }
    } catch (thrown) {
      response?.discard();
      isTooLong = thrown instanceof BodyTooLong;
      throw isTooLong ? this.#bodyTooLong() : thrown;
    } finally {
      await handover?.end();
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

  /** Requests what a segment is missing. */
  async #request(segment: Segment, { isExtra, signal }: ConnectionRole): Promise<HttpResponse> {
    const { url, workDir, validators, totalBytes, resumable, onOtherBytes } = this.#options;
    if (!resumable || totalBytes === null) throw this.#reopen('file_changed');
    const { received, end } = segment;
    const from = requestStart(validators, received);
    const headers: Record<string, string> = { range: `bytes=${from}-${end === null ? '' : end - 1}` };
    if (validators.ifRange !== null) headers['if-range'] = validators.ifRange;
    // Of one beside others nothing is taken before it delivers: they do not wait for it.
    const client = isExtra ? this.#options.client.withHeadTimeout() : this.#options.client;
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
