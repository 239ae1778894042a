/**
 * Limits how many requests start in one turn of the event loop. libuv accepts one new connection a turn, so long turns
 * keep new clients waiting: with 300 connections at once and no limit, the last one (or a mere GET /healthz) waited 4 s
 * to be accepted (bench/adds). Short turns also leave time for downloads and sockets. Owners take turns, and a stranger gets
 * a part of each: with adds of 8 kB from four addresses, others waited 73 ms for an acknowledgement (bench/bystander).
 */
import { LOCAL } from '../quota/quota.ts';

/** About 10 ms of adds, and enough requests to share one commit. */
export const MAX_STARTS_PER_TURN = 64;
/** While connections arrive: about 1 ms, and still more than the one request that each turn can bring. */
export const MAX_STARTS_WHILE_CONNECTING = 4;

/**
 * Of one owner that is not this machine, and of all of those together: about 2 ms of adds. While nobody else has work, turns
 * follow each other within 20 µs, so a stranger alone is as fast as without this.
 */
export const MAX_STARTS_OF_STRANGER = 2;
const MAX_STARTS_OF_STRANGERS = 8;

export class Admission {
  #started = 0;
  /** By strangers, in this turn. */
  readonly #startedOf = new Map<string, number>();
  #startedByStrangers = 0;
  #hasNewConnection = false;
  #isScheduled = false;
  /** By owner, the one that was served longest ago first. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** A connection was accepted; more may be pending. */
  connectionOpened(): void {
    this.#hasNewConnection = true;
    this.#scheduleTurn();
  }

  /** Starts a request at once, or in one of the next turns, for each owner in order of arrival. */
  admit(start: () => void, owner: string = LOCAL): void {
    this.#scheduleTurn();
    const line = this.#waiting.get(owner);
    if (line !== undefined) line.push(start);
    else if (this.#started >= this.#maxStarts || !this.#mayStart(owner)) this.#waiting.set(owner, [start]);
    else {
      this.#count(owner);
      start();
    }
  }

  #mayStart(owner: string): boolean {
    if (owner === LOCAL) return true;
    if (this.#startedByStrangers >= MAX_STARTS_OF_STRANGERS) return false;
    return (this.#startedOf.get(owner) ?? 0) < MAX_STARTS_OF_STRANGER;
  }

  #count(owner: string): void {
    this.#started++;
    if (owner === LOCAL) return;
    this.#startedByStrangers++;
    this.#startedOf.set(owner, (this.#startedOf.get(owner) ?? 0) + 1);
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
    this.#started = 0;
    this.#startedOf.clear();
    this.#startedByStrangers = 0;
    const starting = this.#takeWaiting(this.#maxStarts);
    this.#hasNewConnection = false;
    if (starting.length > 0) this.#scheduleTurn();
    for (const start of starting) start();
  };

  /** One of each owner after the other. */
  #takeWaiting(max: number): (() => void)[] {
    const taken: (() => void)[] = [];
    for (let skipped = 0; taken.length < max && skipped < this.#waiting.size;) {
      const [owner, line] = this.#waiting.entries().next().value!;
      this.#waiting.delete(owner);
      const start = this.#mayStart(owner) ? line.shift() : undefined;
      if (line.length > 0) this.#waiting.set(owner, line);
      if (start === undefined) {
        skipped++;
        continue;
      }
      skipped = 0;
      this.#count(owner);
      taken.push(start);
    }
    return taken;
  }
}
