/**
 * Limits how many requests start in one turn of the event loop. libuv accepts one new connection a turn, so long turns
 * keep new clients waiting: with 300 connections at once and no limit, the last one (or a mere GET /healthz) waited 4 s
 * to be accepted (bench/adds). Short turns also leave time for downloads and sockets.
 */

/** About 10 ms of adds, and enough requests to share one commit. */
export const MAX_STARTS_PER_TURN = 64;
/** While connections arrive: about 1 ms, and still more than the one request that each turn can bring. */
export const MAX_STARTS_WHILE_CONNECTING = 4;

export class Admission {
  #started = 0;
  #hasNewConnection = false;
  #isScheduled = false;
  #waiting: (() => void)[] = [];

  /** A connection was accepted; more may be pending. */
  connectionOpened(): void {
    this.#hasNewConnection = true;
    this.#scheduleTurn();
  }

  /** Starts a request at once, or in one of the next turns, in order of arrival. */
  admit(start: () => void): void {
    this.#scheduleTurn();
    if (this.#waiting.length > 0 || this.#started >= this.#maxStarts) {
      this.#waiting.push(start);
      return;
    }
    this.#started++;
    start();
  }

  get #maxStarts(): number {
    return this.#hasNewConnection ? MAX_STARTS_WHILE_CONNECTING : MAX_STARTS_PER_TURN;
  }

  #scheduleTurn(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#startWaiting);
  }

  readonly #startWaiting = (): void => {
    this.#isScheduled = false;
    const starting = this.#waiting.splice(0, this.#maxStarts);
    this.#hasNewConnection = false;
    this.#started = starting.length;
    if (starting.length > 0) this.#scheduleTurn();
    for (const start of starting) start();
  };
}
