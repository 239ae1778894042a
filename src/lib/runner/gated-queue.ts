/** The queue for slots behind the gate of the download folder: while that is closed nobody queues, and all are refused. */
import type { SluiceError } from '../protocol/error.ts';
import { FairQueue, type Ticket as Place } from './fair-queue.ts';
import type { FolderGate } from './folder-gate.ts';

export interface Ticket {
  /** null = its answer is awaited at the gate. */
  place: Place | null;
  isReleased: boolean;
}

export interface Waiter {
  /** Called once there is a slot. */
  begin: () => void;
  /** Called instead when the folder is not in order; the ticket is released. */
  refuse: (reason: SluiceError) => void;
}

export class GatedQueue {
  readonly #queue: FairQueue;
  readonly #gate: FolderGate;

  constructor(capacity: number, gate: FolderGate) {
    this.#queue = new FairQueue(capacity);
    this.#gate = gate;
  }

  /** Neither `begin` nor `refuse` is called before this returns. Every ticket is to be released. */
  enqueue(session: string, { begin, refuse }: Waiter, owner?: string): Ticket {
    const ticket: Ticket = { place: null, isReleased: false };
    const refuseNow = (reason: SluiceError): void => {
      this.release(ticket);
      refuse(reason);
    };
    const queue = (): void => {
      ticket.place = this.#queue.enqueue(
        session,
        () => {
          // It may have closed while this one waited for its slot.
          const { reason } = this.#gate;
          if (reason === null) begin();
          else refuseNow(reason);
        },
        owner,
      );
    };
    if (this.#gate.reason === null) queue();
    else {
      void this.#gate.inspect().then((reason) => {
        if (ticket.isReleased) return;
        if (reason === null) queue();
        else refuseNow(reason);
      });
    }
    return ticket;
  }

  /** Gives the slot back, or leaves the queue. Idempotent. */
  release(ticket: Ticket): void {
    ticket.isReleased = true;
    if (ticket.place !== null) this.#queue.release(ticket.place);
  }

  holdsSlot(session: string): boolean {
    return this.#queue.holdsSlot(session);
  }
}
