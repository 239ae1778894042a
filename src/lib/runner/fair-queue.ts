/**
 * Slots shared fairly between sessions. A free slot goes to the waiting session that holds the fewest, and among those
 * to the one served longest ago: no session waits while another gets two slots more than it.
 */
export interface Ticket {
  readonly session: string;
  readonly begin: () => void;
  readonly other: OtherSlot | null;
  state: 'waiting' | 'active' | 'released';
}

/** What a ticket needs beside a slot. While it is not free, others go first. */
export interface OtherSlot {
  isFree(): boolean;
  /** Called when it gets both. */
  take(): void;
}

export class FairQueue {
  readonly #capacity: number;
  #active = 0;
  /** Number of slots held, by session; sessions without one are absent. */
  readonly #slots = new Map<string, number>();
  /** Waiting tickets in order, by session; the session served longest ago comes first. */
  readonly #waiting = new Map<string, Set<Ticket>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** `begin` is called once there is a slot, never before this returns. Every ticket is to be released. */
  enqueue(session: string, begin: () => void, other: OtherSlot | null = null): Ticket {
    const ticket: Ticket = { session, begin, other, state: 'waiting' };
    const line = this.#waiting.get(session);
    if (line) line.add(ticket);
    else this.#waiting.set(session, new Set([ticket]));
    this.fillSlots();
    return ticket;
  }

  /** Gives the slot back, or leaves the queue. Idempotent. */
  release(ticket: Ticket): void {
    const { state, session } = ticket;
    ticket.state = 'released';
    if (state === 'released') return;
    if (state === 'waiting') {
      this.#dequeue(ticket);
      return;
    }
    this.#active--;
    const slots = this.#slotsOf(session) - 1;
    if (slots === 0) this.#slots.delete(session);
    else this.#slots.set(session, slots);
    this.fillSlots();
  }

  holdsSlot(session: string): boolean {
    return this.#slots.has(session);
  }

  #slotsOf(session: string): number {
    return this.#slots.get(session) ?? 0;
  }

  #dequeue(ticket: Ticket): void {
    const line = this.#waiting.get(ticket.session);
    line?.delete(ticket);
    if (line?.size === 0) this.#waiting.delete(ticket.session);
  }

  /** To be called when an `OtherSlot` may have become free. */
  fillSlots(): void {
    while (this.#active < this.#capacity) {
      const ticket = this.#next();
      if (ticket === null) return;
      this.#dequeue(ticket);
      this.#moveToBack(ticket.session);
      this.#active++;
      this.#slots.set(ticket.session, this.#slotsOf(ticket.session) + 1);
      ticket.state = 'active';
      ticket.other?.take();
      queueMicrotask(() => {
        if (ticket.state === 'active') ticket.begin();
      });
    }
  }

  #next(): Ticket | null {
    let fewest = Infinity;
    let next: Ticket | null = null;
    for (const [session, tickets] of this.#waiting) {
      const slots = this.#slotsOf(session);
      if (slots >= fewest) continue;
      const ticket = firstOf(tickets);
      if (ticket === null) continue;
      [fewest, next] = [slots, ticket];
      if (fewest === 0) break;
    }
    return next;
  }

  #moveToBack(session: string): void {
    const line = this.#waiting.get(session);
    if (!line) return;
    this.#waiting.delete(session);
    this.#waiting.set(session, line);
  }
}

function firstOf(tickets: ReadonlySet<Ticket>): Ticket | null {
  for (const ticket of tickets) if (ticket.other?.isFree() ?? true) return ticket;
  return null;
}
