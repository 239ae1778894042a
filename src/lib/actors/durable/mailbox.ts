/** The events of one object that wait for their turn, oldest first. */
export class Mailbox<Event> {
  #events: Event[] = [];
  #next = 0;

  /** Events that wait. */
  get size(): number {
    return this.#events.length - this.#next;
  }

  push(event: Event): void {
    this.#events.push(event);
  }

  /** The oldest. */
  take(): Event | undefined {
    if (this.size === 0) return undefined;
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

  /** Takes all that wait, for refusing them. */
  clear(): Event[] {
    const events = this.#events.slice(this.#next);
    this.#events = [];
    this.#next = 0;
    return events;
  }
}
