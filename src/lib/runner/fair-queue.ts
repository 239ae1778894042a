/**
 * Places for work, shared fairly between sessions. A free place goes to the waiting session that holds the fewest,
 * and among those to the one served longest ago: no session waits while another gets two places more than it.
 */
export interface Ticket {
  readonly session: string;
  readonly begin: () => void;
  state: 'waiting' | 'placed' | 'gone';
}

export class FairQueue {
  readonly #capacity: number;
  #placed = 0;
  /** Places held by each session that holds any. */
  readonly #held = new Map<string, number>();
  /** Waiting tickets in order, by session; the session served longest ago comes first. */
  readonly #waiting = new Map<string, Set<Ticket>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** `begin` is called when there is a place, never before this returns; give the place back with `leave`. */
  ask(session: string, begin: () => void): Ticket {
    const ticket: Ticket = { session, begin, state: 'waiting' };
    const line = this.#waiting.get(session);
    if (line) line.add(ticket);
    else this.#waiting.set(session, new Set([ticket]));
    this.#fill();
    return ticket;
  }

  /** Gives the place back, or leaves the queue. Doing it twice is harmless. */
  leave(ticket: Ticket): void {
    const { state, session } = ticket;
    ticket.state = 'gone';
    if (state === 'gone') return;
    if (state === 'waiting') {
      this.#unqueue(ticket);
      return;
    }
    this.#placed--;
    const held = this.#heldBy(session) - 1;
    if (held === 0) this.#held.delete(session);
    else this.#held.set(session, held);
    this.#fill();
  }

  /** Whether the session holds a place. */
  serves(session: string): boolean {
    return this.#held.has(session);
  }

  #heldBy(session: string): number {
    return this.#held.get(session) ?? 0;
  }

  #unqueue(ticket: Ticket): void {
    const line = this.#waiting.get(ticket.session);
    line?.delete(ticket);
    if (line?.size === 0) this.#waiting.delete(ticket.session);
  }

  #fill(): void {
    while (this.#placed < this.#capacity) {
      const ticket = this.#next();
      if (ticket === null) return;
      this.#unqueue(ticket);
      this.#toTheBack(ticket.session);
      this.#placed++;
      this.#held.set(ticket.session, this.#heldBy(ticket.session) + 1);
      ticket.state = 'placed';
      queueMicrotask(() => {
        if (ticket.state === 'placed') ticket.begin();
      });
    }
  }

  #next(): Ticket | null {
    let fewest = Infinity;
    let line: Set<Ticket> | null = null;
    for (const [session, tickets] of this.#waiting) {
      const held = this.#heldBy(session);
      if (held >= fewest) continue;
      [fewest, line] = [held, tickets];
      if (fewest === 0) break;
    }
    return line?.values().next().value ?? null;
  }

  #toTheBack(session: string): void {
    const line = this.#waiting.get(session);
    if (!line) return;
    this.#waiting.delete(session);
    this.#waiting.set(session, line);
  }
}
