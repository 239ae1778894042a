/** Fetches the segments of one file over one or more connections, until all are complete. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { contradiction } from '../../contradiction.ts';
import type { ExtraConnection } from '../../engine.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { SLOW_START_MS } from '../memory/answers.server.ts';
import { isLate, PROMPT_MS } from '../failure/late-failure.ts';
import { FastPath } from './fast-path.server.ts';
import type { Handover } from './handover.ts';
import { isWorthwhile, UNCOUNTED } from './more-connections.ts';
import { SegmentWriter } from './segment-writer.server.ts';
import { nextSegment } from './next-segment.ts';
import { nextFreeSegment, isDone, receivedBytes, type Segment, undoSplit } from './segments.ts';
import { isOtherVersion } from './reopen-required.ts';
import { SegmentRequests } from './segment-requests.server.ts';
import { isOtherBehind, type OnSeam } from './split-seams.server.ts';
import { readFirstBytes } from './tail-check.server.ts';
import type { StartedSegment, ConnectionRole, TransferOptions } from './transfer-options.ts';
import { BodyTooLong, pipeStream } from '../body/stream-body.server.ts';
import { Paces } from './paces.ts';

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
  readonly #roles = new Set<ConnectionRole>();
  readonly #paces = new Paces();
  readonly #requests: SegmentRequests;
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
    this.#requests = new SegmentRequests(options);
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
    while (this.#roles.size > 0) {
      await Promise.all([...this.#roles].map(({ ended }) => ended));
      // segments that an extra connection gave up after the last of the others was done
      if (this.#roles.size === 0 && this.#lastError === null && nextFreeSegment(segments))
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
    const { size: connections } = this.#roles;
    if (!this.#mayAddConnections || totalBytes === null) return;
    if (connections >= maxConnections || connections === 0 || this.#requesting !== null) return;
    const [startedBytes, elapsedMs] = [this.#startedBytes, nowMs - this.#startedMs];
    if (!isWorthwhile({ totalBytes, startedBytes, receivedBytes: receivedBytes(segments), elapsedMs }))
      return;
    if (
      nextSegment(segments, this.#maySplit) === null &&
      !segments.some((each) => this.#paces.isTrickle(each))
    )
      return;
    const extra = openExtra === undefined ? UNCOUNTED : openExtra();
    if (extra !== null) this.#startWorker(null, extra);
  }

  /** @param extra null = the first connection, or one in its place */
  #startWorker(begun: StartedSegment | null, extra: ExtraConnection | null): ConnectionRole {
    const mayBeTaken = extra !== null && extra !== UNCOUNTED;
    const stop = new AbortController();
    const signals = [this.#signal, stop.signal, ...(mayBeTaken ? [extra.signal] : [])];
    const role: ConnectionRole = {
      ...{ isExtra: extra !== null, successor: null, stop, segment: null, ended: Promise.resolve() },
      signal: AbortSignal.any(signals),
    };
    role.ended = this.#work(begun, role)
      .catch((thrown: unknown) => {
        // Another download has it now; later there may be one more again.
        if (extra?.signal.aborted === true || stop.signal.aborted) return;
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
        this.#roles.delete(role);
        if (this.#options.segments.every(isDone)) this.#requesting?.abort();
        if (role.successor !== null) role.successor.isExtra = role.isExtra;
      });
    this.#roles.add(role);
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
        if (isOtherVersion(thrown) && this.#roles.size > 1) {
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
    const isAlone = !role.isExtra && this.#roles.size < 2;
    if (!resumable || isAlone || this.#requesting !== null) return null;
    role.isExtra = true;
    return this.#requestNext(role);
  }

  #nextSegment(): ReturnType<typeof nextSegment> {
    return nextSegment(this.#options.segments, this.#maySplit, this.#paces);
  }

  /** A connection for bytes that others may fetch until it delivers; null = they have, or there are none. */
  async #requestNext(role: ConnectionRole): Promise<StartedSegment | null> {
    const choice = this.#nextSegment();
    if (choice === null) return null;
    const stop = new AbortController();
    const signal = AbortSignal.any([role.signal, stop.signal]);
    this.#requesting = stop;
    let response: HttpResponse | null = null;
    try {
      const { wanted } = choice;
      const body = this.#fastPath.isWorthIt(wanted) ? await this.#fastPath.open(wanted, signal) : null;
      response = body === null ? await this.#requests.send(wanted, { isExtra: role.isExtra, signal }) : null;
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
    role.segment = segment;
    // what an earlier connection received but could not write is fetched again
    segment.received = segment.written;
    this.#paces.begin(segment);
    const onError = (error: SluiceError): void => this.fail(error);
    const writer = new SegmentWriter(handle, segment, onError, beforeFirstWrite);
    this.#writers.add(writer);
    const from = segment.received;
    const onSeam: OnSeam = (...seam) => this.#dropOthers(...seam);
    let isTooLong = false;
    let response = begun.response ?? null;
    const isFirst = response !== null && !role.isExtra;
    let handover: Handover | null = null;
    try {
      const mayOpen = response === null && this.#fastPath.isWorthIt(segment);
      const fast = begun.body ?? (mayOpen ? await this.#fastPath.open(segment, role.signal) : null);
      if (fast) await fast.pipeTo(writer, onBytes, { signal: role.signal, onSeam });
      else {
        response ??= await this.#requests.send(segment, role);
        this.#fastPath.found = response;
        if (isFirst)
          handover = this.#fastPath.handoverOf(segment, (rest, body) => {
            role.successor = this.#startWorker({ segment: rest, body }, UNCOUNTED);
          });
        const report = (nowMs: number): void => {
          onBytes(nowMs);
          handover?.begin();
        };
        const end = this.#requests.endOf(response);
        const { signal } = role;
        await pipeStream(response, writer, { signal, onBytes: report, end, onEncoded: onOtherBytes, onSeam });
      }
    } catch (thrown) {
      response?.discard();
      isTooLong = thrown instanceof BodyTooLong;
      throw isTooLong ? this.#requests.tooLong() : thrown;
    } finally {
      this.#paces.of(segment);
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

  /** As `OnSeam`: ends the connections that only trickle, or fetch what is not as this one's body has it. */
  async #dropOthers(segment: Segment, behind: Buffer, limit: number | null): Promise<boolean> {
    const { segments, workDir, distrustFile } = this.#options;
    const { end } = segment;
    if (end === null) return false;
    const isBehind = ({ start }: Segment): boolean => start >= end && (limit === null || start < limit);
    const behindIt = segments.filter(isBehind);
    const isFaster = limit !== null && (await this.#paces.isFaster(segment, limit - end, behindIt));
    if (!isFaster && !(await isOtherBehind(segment, behind, segments, workDir))) return false;
    [this.#mayAddConnections, this.#maySplit, this.#fastPath.mayBeUsed] = [false, false, false];
    this.#requesting?.abort();
    const others = [...this.#roles].filter((role) => role.segment !== null && isBehind(role.segment));
    for (const { stop } of others) stop.abort(new SluiceError('remote_contradiction'));
    // Nothing of theirs is written any more.
    await Promise.all(others.map(({ ended }) => ended));
    for (const role of this.#roles)
      if (role.successor !== null && others.includes(role.successor)) role.successor = null;
    segments.splice(0, Infinity, ...segments.filter((each) => each === segment || !isBehind(each)));
    segment.end = limit;
    await distrustFile?.();
    return true;
  }
}
