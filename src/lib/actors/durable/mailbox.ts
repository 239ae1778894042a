/**
 * The events of one object, given out one at a time: `take` yields nothing while a turn runs or something holds
 * the mailbox. This is the whole guarantee of "one event at a time"; everything else only calls it.
 */
export class Mailbox<Event> {
  #events: Event[] = [];
  #next = 0;
  #turn = false;
  #holds = 0;

  /** Events that wait. */
  get size(): number {
    return this.#events.length - this.#next;
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** No event waits, none runs, nothing holds. */
  get isIdle(): boolean {
    return this.size === 0 && !this.#turn && this.#holds === 0;
  }

  push(event: Event): void {
    this.#events.push(event);
  }

  /** Begins a turn with the oldest event, if one may begin now. */
  take(): Event | undefined {
    if (this.#turn || this.#holds > 0 || this.size === 0) return undefined;
    this.#turn = true;
    const event = this.#events[this.#next] as Event;
    this.#next += 1;
    // Shifting one by one would be quadratic in the queue; so the front is cut off in large pieces.
    if (this.#next === this.#events.length) {
      this.#events = [];
      this.#next = 0;
    } else if (this.#next === 1024) {
      this.#events = this.#events.slice(this.#next);
      this.#next = 0;
    }
    return event;
  }

  /** The turn is over: the next event may be taken. */
  endTurn(): void {
    this.#turn = false;
  }

  hold(): void {
    this.#holds += 1;
  }

  /** True when nothing holds any more. */
  release(): boolean {
    this.#holds -= 1;
    return this.#holds === 0;
  }

  /** The object starts afresh: no turn, no holds; waiting events stay. */
  reset(): void {
    this.#turn = false;
    this.#holds = 0;
  }

  /** Takes all that wait, for refusing them. */
  clear(): Event[] {
    const events = this.#events.slice(this.#next);
    this.#events = [];
    this.#next = 0;
    return events;
  }
}
