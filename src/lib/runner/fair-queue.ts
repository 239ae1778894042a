/**
 * Slots shared fairly between owners, and between the sessions of each. A free slot goes to the waiting owner that holds the
 * fewest, and among those to the one served longest ago; within it to a session by the same rule. So no owner waits while
 * another gets two slots more than it, however many sessions that has, and no session while another of its owner does.
 * No session holds more than its own limit, and no owner more than theirs. Of a session's tickets, those that gave their slot
 * up go last.
 */
export interface QueueTicket {
  readonly owner: string;
  readonly session: string;
  readonly begin: () => void;
  readonly other: RequiredSlot | null;
  readonly gaveWay: GaveWay | null;
  /** That its owner may hold. */
  readonly ofOwner: number;
  state: 'waiting' | 'active' | 'released';
}

/** What a ticket needs beside a slot. While it is not free, others go first. */
export interface RequiredSlot {
  isFree(): boolean;
  /** Whether a job that began now would come to something; absent = as far as is known. */
  isUseful?(): boolean;
  /** Called when it gets both. */
  take(): void;
}

/** It has held a slot before, and let others go first. */
export interface GaveWay {
  /** It is too soon for another of its session to give way to this one. */
  isRecent(): boolean;
}

export interface QueueTicketOptions {
  /** Absent = of nobody that is known. */
  owner?: string | undefined;
  other?: RequiredSlot | null;
  gaveWay?: GaveWay | null;
  /** Slots that its owner may hold; absent = all. */
  ofOwner?: number | undefined;
}

/** Of sessions whose owner is not known: together they are one. */
const NO_OWNER = '';

export class FairQueue {
  readonly #capacity: number;
  readonly #maxOfSession: number;
  #active = 0;
  /** Number of slots held, by owner and by session; those without one are absent. */
  readonly #slots = { owners: new Map<string, number>(), sessions: new Map<string, number>() };
  /** Waiting tickets in order, by owner and session; those served longest ago come first. */
  readonly #waiting = new Map<string, Map<string, Set<QueueTicket>>>();

  /** @param maxOfSession slots that one session may hold */
  constructor(capacity: number, maxOfSession = Infinity) {
    this.#capacity = capacity;
    this.#maxOfSession = maxOfSession;
  }

  /** `begin` is called once there is a slot, never before this returns. Every ticket is to be released. */
  enqueue(
    session: string,
    begin: () => void,
    { owner = NO_OWNER, other = null, gaveWay = null, ofOwner = Infinity }: QueueTicketOptions = {},
  ): QueueTicket {
    const ticket: QueueTicket = { owner, session, begin, other, gaveWay, ofOwner, state: 'waiting' };
    const lines = this.#waiting.get(owner) ?? new Map<string, Set<QueueTicket>>();
    this.#waiting.set(owner, lines);
    lines.set(session, (lines.get(session) ?? new Set<QueueTicket>()).add(ticket));
    this.fillSlots();
    return ticket;
  }

  /** Gives the slot back, or leaves the queue. Idempotent. */
  release(ticket: QueueTicket): void {
    const { state, owner, session } = ticket;
    ticket.state = 'released';
    if (state === 'released') return;
    if (state === 'waiting') {
      this.#dequeue(ticket);
      return;
    }
    this.#active--;
    count(this.#slots.owners, owner, -1);
    count(this.#slots.sessions, session, -1);
    this.fillSlots();
  }

  holdsSlot(session: string): boolean {
    return this.#slots.sessions.has(session);
  }

  /** Slots of its owner. */
  slotsOf({ owner }: QueueTicket): number {
    return this.#slots.owners.get(owner) ?? 0;
  }

  /** Whether its slot would go to another if it were given back and queued for again: to one that could use it. */
  isSlotWanted(ticket: QueueTicket): boolean {
    if (ticket.state !== 'active' || this.#waiting.size === 0) return false;
    const { owner, session } = ticket;
    const { owners, sessions } = this.#slots;
    count(owners, owner, -1);
    count(sessions, session, -1);
    const next = this.#next(
      (other) => isUseful(other) && !(other.session === session && other.gaveWay?.isRecent() === true),
    );
    // Those who hold as many were served longer ago.
    const isBehind = (slots: ReadonlyMap<string, number>, name: string, own: string): boolean =>
      (slots.get(name) ?? 0) > (slots.get(own) ?? 0);
    const passes =
      next !== null &&
      !isBehind(owners, next.owner, owner) &&
      !(next.owner === owner && isBehind(sessions, next.session, session));
    count(owners, owner, 1);
    count(sessions, session, 1);
    return passes;
  }

  #dequeue(ticket: QueueTicket): void {
    const lines = this.#waiting.get(ticket.owner);
    const line = lines?.get(ticket.session);
    line?.delete(ticket);
    if (line?.size === 0) lines?.delete(ticket.session);
    if (lines?.size === 0) this.#waiting.delete(ticket.owner);
  }

  /** To be called when a `RequiredSlot` may have become free. */
  fillSlots(): void {
    while (this.#active < this.#capacity) {
      const ticket = this.#next();
      if (ticket === null) return;
      const { owner, session } = ticket;
      this.#dequeue(ticket);
      moveToBack(this.#waiting, owner);
      moveToBack(this.#waiting.get(owner), session);
      this.#active++;
      count(this.#slots.owners, owner, 1);
      count(this.#slots.sessions, session, 1);
      ticket.state = 'active';
      ticket.other?.take();
      queueMicrotask(() => {
        if (ticket.state === 'active') ticket.begin();
      });
    }
  }

  #next(mayBegin: (ticket: QueueTicket) => boolean = isFree): QueueTicket | null {
    const { owners, sessions } = this.#slots;
    const hasRoom = ({ owner, ofOwner }: QueueTicket): boolean => (owners.get(owner) ?? 0) < ofOwner;
    const first = (tickets: ReadonlySet<QueueTicket>, session: string): QueueTicket | null =>
      (sessions.get(session) ?? 0) < this.#maxOfSession
        ? firstOf(tickets, (ticket) => hasRoom(ticket) && mayBegin(ticket))
        : null;
    return withFewest(this.#waiting, owners, (lines) => withFewest(lines, sessions, first));
  }
}

/** What may begin of the first that holds the fewest slots, of those with something that may. */
function withFewest<T>(
  waiting: ReadonlyMap<string, T>,
  slots: ReadonlyMap<string, number>,
  ticketOf: (one: T, name: string) => QueueTicket | null,
): QueueTicket | null {
  let fewest = Infinity;
  let found: QueueTicket | null = null;
  for (const [name, one] of waiting) {
    const held = slots.get(name) ?? 0;
    if (held >= fewest) continue;
    const ticket = ticketOf(one, name);
    if (ticket === null) continue;
    [fewest, found] = [held, ticket];
    if (fewest === 0) break;
  }
  return found;
}

function count(slots: Map<string, number>, name: string, change: 1 | -1): void {
  const held = (slots.get(name) ?? 0) + change;
  if (held === 0) slots.delete(name);
  else slots.set(name, held);
}

function moveToBack<T>(waiting: Map<string, T> | undefined, name: string): void {
  const one = waiting?.get(name);
  if (one === undefined) return;
  waiting?.delete(name);
  waiting?.set(name, one);
}

function isFree({ other }: QueueTicket): boolean {
  return other?.isFree() ?? true;
}

function isUseful(ticket: QueueTicket): boolean {
  return isFree(ticket) && (ticket.other?.isUseful?.() ?? true);
}

function firstOf(
  tickets: ReadonlySet<QueueTicket>,
  mayBegin: (ticket: QueueTicket) => boolean,
): QueueTicket | null {
  let last: QueueTicket | null = null;
  for (const ticket of tickets) {
    if (!mayBegin(ticket)) continue;
    if (ticket.gaveWay === null) return ticket;
    last ??= ticket;
  }
  return last;
}
