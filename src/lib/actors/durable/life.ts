/**
 * One life of an object: from the event that woke it to its eviction or reset. What belongs to a life dies with
 * it: a promise that was left behind can neither write nor send.
 */
import { SluiceError } from '../../protocol/error.ts';
import type { Actor } from './actor.ts';
import type { StorageOwner } from './actor-storage.ts';
import { Context } from './context.ts';
import type { ActorEvent } from './events.ts';
import { Journal } from './journal.ts';
import type { SocketUser } from './sockets.ts';
import type { DurableObject } from './types.ts';

/** One event being handled. It ends with its handler, or is given up when that waits for something else. */
export class Turn {
  readonly life: Life;
  readonly event: ActorEvent;
  /** ms, monotonic; 0 when nobody watches. */
  readonly startedAt: number;
  /** Taken back: its outputs are void. */
  isVoid = false;

  constructor(life: Life, event: ActorEvent, startedAt: number) {
    this.life = life;
    this.event = event;
    this.startedAt = startedAt;
  }
}

export class Life implements StorageOwner, SocketUser {
  readonly actor: Actor;
  readonly journal: Journal;
  readonly context: Context;
  /** Null while its constructor runs. */
  instance: DurableObject | null = null;
  isAlive = true;
  alarm: StorageOwner['alarm'] = 'none';
  turn: Turn | null = null;
  /** Given up, and not settled. */
  open: Turn[] = [];
  /** The event that waits for the constructor's `blockConcurrencyWhile`. */
  waiting: Turn | null = null;
  /** Promises of `waitUntil`. */
  waits = 0;
  transactions = 0;

  constructor(actor: Actor) {
    this.actor = actor;
    this.journal = new Journal(actor.rows);
    this.context = new Context(this);
  }

  get hasAlarmHandler(): boolean {
    return typeof this.actor.definition.class.prototype.alarm === 'function';
  }

  /** May be evicted. */
  get isIdle(): boolean {
    return this.turn === null && this.open.length === 0 && this.waits === 0 && this.transactions === 0;
  }

  assertAlive(): void {
    if (!this.isAlive)
      throw new SluiceError('internal_error', 'The object was reset or put to sleep meanwhile.');
  }

  touch(): void {
    this.actor.kernel.touched(this.actor);
  }

  storeFailed(error: SluiceError): void {
    this.actor.kernel.storeFailed(error);
  }

  hold(reason: 'transaction' | 'sync' | 'block'): void {
    if (!this.isAlive) return;
    this.actor.mailbox.hold();
    if (reason !== 'transaction') return;
    this.transactions += 1;
    this.actor.kernel.transacting.add(this);
    this.actor.kernel.arm();
  }

  release(reason: 'transaction' | 'sync' | 'block'): void {
    if (!this.isAlive) return;
    if (reason === 'transaction') {
      this.transactions -= 1;
      if (this.transactions === 0) this.actor.kernel.transacting.delete(this);
    }
    if (this.actor.mailbox.release()) this.actor.freed();
  }

  committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pass(resolve, (error) => {
        reject(error ?? new SluiceError('internal_error', 'The write was taken back.'));
      });
    });
  }

  pass(leave: () => void, drop: (error: SluiceError | null) => void = nothing): void {
    const { turn } = this;
    this.actor.kernel.gate.pass({
      owner: this.actor,
      get isVoid() {
        return turn?.isVoid ?? false;
      },
      leave,
      drop,
    });
  }

  sent(bytes: number): void {
    const { observers } = this.actor.kernel;
    if (observers.isWatched)
      observers.tell({ type: 'frame', actor: this.actor.name, direction: 'out', bytes });
  }
}

function nothing(): void {
  // A frame that does not leave is forgotten.
}
