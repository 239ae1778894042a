/**
 * The first answers of addresses: a look-up, and the download that is picked from it, use the same one, since some links are
 * good for one request, and some files are made anew for each. While a server works on an answer nothing else is asked of
 * that address: a download waits for the request of a look-up, and one that is resumed for the request that it left.
 * Sessions share no answers.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { untilAborted } from '../../../protocol/until-aborted.ts';
import { AnsweredFiles } from './answered-files.ts';
import { withUnreadBytes } from '../body/unread-bytes.ts';
import { surplusOf } from '../client/chunk-pacing.server.ts';
import type { HttpResponse } from '../client/client.server.ts';
import type { Cookies } from '../client/cookies.server.ts';

/** A list stays open a while before a person picks; few servers wait longer for a client that does not read. */
const KEPT_MS = 2 * 60_000;
export const MAX_IN_SESSION = 4;
const MAX_IN_ALL = 64;
/** What is read of a body meanwhile: small files are had whole, and their connections are free. */
const MAX_READ_BYTES = 1024 * 1024;
/** A request that has waited so long is not given up with the job that made it. */
export const SLOW_START_MS = 2000;

export interface KeptAnswer {
  /** Not read yet, or all read is given back. */
  response: HttpResponse;
  /** First byte of the requested range; null = no range was requested. */
  from: number | null;
  /** Of the job that made the request. */
  cookies: Cookies | null;
}

/** An answer that one job has, which calls one of the three methods in the end. */
export interface AnswerInUse extends KeptAnswer {
  /** Keeps it for the next job. @param response from its first byte */
  keep(response: HttpResponse): void;
  /** The caller reads it to its end. */
  use(): void;
  discard(): void;
}

/** Jobs with equal keys share an answer. */
interface AnswerKey {
  session: string | null;
  url: string;
  /** What else distinguishes requests for the address: a range. */
  variant: string;
}

interface Entry {
  readonly key: string;
  readonly session: string | null;
  readonly startedMs: number;
  readonly controller: AbortController;
  readonly cookies: Cookies | null;
  /** Jobs that wait for it. */
  waiters: number;
  /** Nobody of its session is there any more: it is not kept after the jobs that have it, or wait for it. */
  isLast: boolean;
  state: 'requested' | 'in-use' | 'kept';
  answer: KeptAnswer | null;
  /** What was read of a kept body. */
  chunks: Buffer[];
  stopReading: () => void;
  failure: unknown;
  /** Replaced whenever it has resolved. */
  changed: PromiseWithResolvers<void>;
}

export class Answers {
  readonly #keptMs: number;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** What was answered, kept or not. */
  readonly files = new AnsweredFiles();
  #isClosed = false;

  /** @param keptMs how long an answer is kept; 0 = none is */
  constructor(keptMs: number = KEPT_MS) {
    this.#keptMs = keptMs;
  }

  /**
   * The kept answer, or that of the request under way, else of a new one.
   * @param request its signal may outlive the caller's
   * @param onWaiting called while another job's request is waited for
   * @throws what `request` throws; `signal.reason` after an abort
   */
  async open(
    { session, url, variant }: AnswerKey,
    cookies: Cookies | null,
    request: (signal: AbortSignal) => Promise<Omit<KeptAnswer, 'cookies'>>,
    signal: AbortSignal,
    onWaiting: (isWaiting: boolean) => void,
  ): Promise<AnswerInUse> {
    const key = `${session ?? ''} ${variant} ${url}`;
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new SluiceError('not_ready');
      const known = this.#entries.get(key);
      const entry = known ?? this.#begin(key, session, cookies, request);
      if (entry.state === 'kept') {
        const answer = takeKept(entry);
        if (answer !== null) return this.#startUse(entry, answer, signal);
        this.#drop(entry);
        continue;
      }
      if (known) onWaiting(true);
      try {
        await this.#wait(entry, signal);
      } finally {
        if (known) onWaiting(false);
      }
      if (entry.failure !== null) throw entry.failure as Error;
    }
  }

  /** Closes the connections of kept answers to a host. @returns how many */
  release(host: string): number {
    const kept = [...this.#entries.values()].filter(
      ({ state, answer }) => state === 'kept' && answer?.response.url.host === host,
    );
    // Of one that was read to its end the connection is closed, or free.
    const held = kept.filter(({ answer }) => answer?.response.body.readableEnded === false);
    for (const entry of held) this.#drop(entry);
    return held.length;
  }

  dropSession(session: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.session !== session) continue;
      if (this.#isIdle(entry)) this.#drop(entry);
      else entry.isLast = true;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  #begin(
    key: string,
    session: string | null,
    cookies: Cookies | null,
    request: (signal: AbortSignal) => Promise<Omit<KeptAnswer, 'cookies'>>,
  ): Entry {
    const entry: Entry = {
      ...{ key, session, cookies, startedMs: performance.now(), controller: new AbortController() },
      ...{ waiters: 0, isLast: false, state: 'requested', answer: null, chunks: [], failure: null },
      ...{ stopReading: () => undefined, changed: Promise.withResolvers<void>() },
    };
    this.#entries.set(key, entry);
    request(entry.controller.signal).then(
      (answer) => {
        if (this.#entries.get(key) !== entry) return answer.response.discard();
        this.#keep(entry, { ...answer, cookies });
      },
      (thrown: unknown) => {
        entry.failure = thrown;
        this.#drop(entry);
      },
    );
    return entry;
  }

  async #wait(entry: Entry, signal: AbortSignal): Promise<void> {
    entry.waiters++;
    try {
      await untilAborted(entry.changed.promise, signal);
    } finally {
      entry.waiters--;
      if (signal.aborted && entry.waiters === 0 && entry.state === 'requested')
        await this.#abandon(entry, signal);
    }
  }

  /** No job waits for the request any more: it is aborted, unless the server has worked on it for long. */
  async #abandon(entry: Entry, { reason }: AbortSignal): Promise<void> {
    await entry.cookies?.detach();
    if (entry.state !== 'requested') return;
    const isSlow = performance.now() - entry.startedMs >= SLOW_START_MS;
    if (isSlow && this.#keptMs > 0 && !entry.isLast && !this.#isClosed) return this.#limit(entry.session);
    entry.controller.abort(reason);
    await entry.changed.promise;
  }

  #startUse(entry: Entry, answer: KeptAnswer, signal: AbortSignal): AnswerInUse {
    entry.state = 'in-use';
    const onAbort = (): void => entry.controller.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const stopListening = (): void => signal.removeEventListener('abort', onAbort);
    // So that the newest are kept.
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    return {
      ...answer,
      keep: (response) => {
        stopListening();
        this.#keep(entry, { ...answer, response });
      },
      use: () => this.#forget(entry),
      discard: () => {
        stopListening();
        answer.response.discard();
        this.#forget(entry);
      },
    };
  }

  #keep(entry: Entry, answer: KeptAnswer): void {
    if (this.#entries.get(entry.key) !== entry) return answer.response.discard();
    entry.state = 'kept';
    entry.answer = answer;
    const { body } = answer.response;
    let bytes = 0;
    const onReadable = (): void => {
      // Small pieces take more memory than they have bytes.
      while (bytes + surplusOf(body) < MAX_READ_BYTES) {
        const chunk = body.read() as Buffer | null;
        if (chunk === null) return;
        entry.chunks.push(chunk);
        bytes += chunk.length;
      }
    };
    const onError = (): void => this.#drop(entry);
    const timer = setTimeout(onError, this.#keptMs).unref();
    entry.stopReading = () => {
      clearTimeout(timer);
      body.off('readable', onReadable).off('error', onError);
    };
    // The empty listener stays: between two jobs nothing else would handle an error.
    body.on('error', onError).on('error', () => undefined);
    // A job that waits takes it at once.
    if (entry.waiters === 0 && (this.#keptMs === 0 || entry.isLast)) return this.#drop(entry);
    if (entry.waiters === 0) body.on('readable', onReadable);
    notifyWaiters(entry);
    this.#limit(entry.session);
  }

  #limit(session: string | null): void {
    const idle = [...this.#entries.values()].filter((entry) => this.#isIdle(entry));
    const ofSession = idle.filter((entry) => entry.session === session);
    for (const entry of ofSession.slice(0, -MAX_IN_SESSION)) this.#drop(entry);
    for (const entry of idle.slice(0, -MAX_IN_ALL)) this.#drop(entry);
  }

  /** No job has it or waits for it. */
  #isIdle({ state, waiters }: Entry): boolean {
    return state !== 'in-use' && waiters === 0;
  }

  #drop(entry: Entry): void {
    entry.stopReading();
    entry.controller.abort(new SluiceError('not_ready', 'The answer is not needed any more.'));
    if (entry.state !== 'in-use') entry.answer?.response.discard();
    this.#forget(entry);
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    notifyWaiters(entry);
  }
}

function notifyWaiters(entry: Entry): void {
  entry.changed.resolve();
  entry.changed = Promise.withResolvers();
}

/** The kept answer with its body from the first byte; null = its connection broke. */
function takeKept(entry: Entry): KeptAnswer | null {
  const { answer, chunks } = entry;
  entry.stopReading();
  if (answer === null) return null;
  const response = withUnreadBytes(answer.response, chunks);
  entry.chunks = [];
  entry.answer = null;
  return response === null ? null : { ...answer, response };
}
