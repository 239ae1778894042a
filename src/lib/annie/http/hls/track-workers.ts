/**
 * Which connection fetches which fragment: the first all that is left, others as long as their host takes more connections.
 * What one of those gives up is the first one's, as in `file/transfer.server.ts`.
 */
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import type { EngineJob, ExtraConnection } from '../../engine.ts';
import { UNCOUNTED } from '../file/more-connections.ts';

/** Failures of a connection: the first one may have none. */
const OF_CONNECTIONS: readonly ErrorCode[] = [
  'connection_lost',
  'connect_failed',
  'size_mismatch',
  'timeout',
  'remote_error',
];

/** A connection beyond the first was to be given back, or its host has too many: no other host is to be asked. */
export class ExtraConnectionEnded extends Error {
  override readonly cause: unknown;

  constructor(cause: unknown) {
    super();
    this.cause = cause;
  }
}

interface TrackWork {
  /** Of all fragments. */
  count: number;
  /** Whether the fragment needs not be fetched. */
  isDone: (index: number) => boolean;
  /** @param extra null = the first connection. @throws ExtraConnectionEnded only if `extra` is not null */
  fetch: (index: number, extra: AbortSignal | null) => Promise<void>;
  openExtra: EngineJob['openExtra'];
}

export class TrackWorkers {
  readonly #work: TrackWork;
  #next = 0;
  /** Before `#next`, in any order. */
  #givenUp: number[] = [];
  #hasFailed = false;
  /** The first connection was refused while others were served. */
  #isCrowded = false;
  /** Connections beyond the first: open, and opened so far. */
  readonly #extras = { open: 0, opened: 0 };
  /** Resolves when none of them is left. */
  #extrasEnded: Promise<unknown> = Promise.resolve();

  constructor(work: TrackWork) {
    this.#work = work;
  }

  /** Resolves when nothing is left and no connection is open. @throws what `fetch` throws, of one connection */
  async run(concurrency: number): Promise<void> {
    const first = this.#runFirst();
    const extras = Array.from({ length: concurrency - 1 }, () => this.#runExtra());
    this.#extrasEnded = Promise.allSettled(extras);
    throwFailure(await Promise.allSettled([first, ...extras]));
    // what was given up after the first connection had nothing left to do
    await this.#runFirst();
  }

  async #runFirst(): Promise<void> {
    while (this.#hasNext() && !this.#hasFailed) {
      const index = this.#takeNext();
      const { open, opened } = this.#extras;
      try {
        await this.#work.fetch(index, null);
      } catch (thrown) {
        const isAlone = open === 0 && this.#extras.opened === opened;
        if (isAlone || !isBusyError(thrown)) return this.#fail(thrown);
        // The host serves the others in its place: they end with what they are at.
        this.#givenUp.push(index);
        this.#isCrowded = true;
        await this.#extrasEnded;
      }
    }
  }

  async #runExtra(): Promise<void> {
    const { openExtra = (): ExtraConnection => UNCOUNTED, fetch } = this.#work;
    while (this.#hasNext() && !this.#hasFailed) {
      const extra = openExtra();
      if (extra === null) return;
      this.#extras.open++;
      this.#extras.opened++;
      const index = this.#takeNext();
      try {
        await fetch(index, extra.signal);
        if (!this.#isCrowded) continue;
        extra.refused();
        return;
      } catch (thrown) {
        if (!mayBeOnlyIts(thrown)) return this.#fail(thrown);
        this.#givenUp.push(index);
        // Aborted: another download has it, and the host refused nothing.
        if (!extra.signal.aborted && isBusyError((thrown as Error).cause)) extra.refused();
        return;
      } finally {
        this.#extras.open--;
        extra.close();
      }
    }
  }

  #fail(thrown: unknown): never {
    this.#hasFailed = true;
    throw thrown;
  }

  #hasNext(): boolean {
    const { count, isDone } = this.#work;
    while (this.#next < count && isDone(this.#next)) this.#next++;
    return this.#givenUp.length > 0 || this.#next < count;
  }

  /** The earliest, as the next that can be appended. */
  #takeNext(): number {
    if (this.#givenUp.length === 0) return this.#next++;
    const earliest = Math.min(...this.#givenUp);
    this.#givenUp = this.#givenUp.filter((index) => index !== earliest);
    return earliest;
  }
}

function mayBeOnlyIts(thrown: unknown): boolean {
  return (
    thrown instanceof ExtraConnectionEnded ||
    (thrown instanceof SluiceError && OF_CONNECTIONS.includes(thrown.code))
  );
}

function throwFailure(results: readonly PromiseSettledResult<void>[]): void {
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

export function isBusyError(thrown: unknown): boolean {
  return thrown instanceof SluiceError && thrown.code === 'remote_busy';
}
