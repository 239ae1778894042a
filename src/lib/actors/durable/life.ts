/**
 * One life of an object, from the event that woke it to its eviction or reset: runs its turns. What belongs to a
 * life dies with it: a promise that was left behind can neither write nor send.
 */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { StorageOwner } from './actor-storage.ts';
import { type ActorEvent, invoke, isAsked } from './events.ts';
import { Journal } from './journal.ts';
import type { Mailbox } from './mailbox.ts';
import { handles, type Definition, type Loop, type Resident } from './ports.ts';
import type { HostSocket, SocketUser } from './sockets.ts';
import { Turn } from './turn.ts';
import type { ConnectOptions, DurableObject, WireSocket } from './types.ts';

/** The object whose life it is. */
export interface LifeOwner extends Resident {
  readonly loop: Loop;
  readonly definition: Definition;
  readonly mailbox: Mailbox<ActorEvent>;
  readonly sockets: readonly HostSocket[];
  construct(life: Life): DurableObject;
  connect(wire: WireSocket, options: ConnectOptions): HostSocket;
  /** Ends a life; does nothing when it is over. `culprit` = the turn that threw. */
  reset(error: unknown, life: Life, culprit?: Turn | null): void;
  /** Begins to wait for eviction when nothing is under way. */
  rest(life: Life): void;
}

export class Life implements StorageOwner, SocketUser {
  readonly actor: LifeOwner;
  readonly journal: Journal;
  isAlive = true;
  alarm: StorageOwner['alarm'] = 'none';
  turn: Turn | null = null;
  /** Given up, and not settled. */
  open: Turn[] = [];
  /** Promises of `waitUntil`. */
  waits = 0;
  #transactions = 0;
  /** Null until its constructor has run. */
  #instance: DurableObject | null = null;
  /** The turn that waits for the constructor's `blockConcurrencyWhile`. */
  #waiting: Turn | null = null;

  constructor(actor: LifeOwner) {
    this.actor = actor;
    this.journal = new Journal(actor.rows);
  }

  get hasAlarmHandler(): boolean {
    return handles(this.actor.definition, 'alarm');
  }

  /** May be evicted. */
  get isIdle(): boolean {
    return this.turn === null && this.open.length === 0 && this.waits === 0 && this.#transactions === 0;
  }

  /** Runs one turn, or its beginning. The mailbox has given the event out, so there is no other. */
  begin(event: ActorEvent): void {
    const turn = new Turn(this, event);
    this.turn = turn;
    // What was written before belongs to turns that are over.
    this.journal.forget();
    try {
      this.#instance ??= this.actor.construct(this);
    } catch (error) {
      this.actor.reset(error, this, turn);
      return;
    }
    if (this.actor.mailbox.isHeld) this.#waiting = turn;
    else this.#invoke(turn, this.#instance);
  }

  #invoke(turn: Turn, instance: DurableObject): void {
    const { event } = turn;
    if (!this.isAlive) return;
    let result: unknown;
    try {
      if (event.type === 'alarm' && !this.#beginAlarm(event)) {
        this.#settle(turn, undefined);
        return;
      }
      result = invoke(instance, event, (socket) => socket.view(this));
    } catch (error) {
      this.#fail(turn, error);
      return;
    }
    if (!isThenable(result)) {
      this.#settle(turn, result);
      return;
    }
    this.actor.loop.running.push(turn);
    this.actor.loop.arm();
    result.then(
      (value) => {
        this.#settle(turn, value);
      },
      (error: unknown) => {
        this.#fail(turn, error);
      },
    );
  }

  #settle(turn: Turn, value: unknown): void {
    if (!this.isAlive) return;
    const { event } = turn;
    if (event.type === 'alarm' && !this.#endAlarm(event)) return;
    if (isAsked(event)) {
      this.pass(
        () => {
          event.resolve(value);
        },
        (failure) => {
          event.reject(failure ?? new SluiceError('internal_error'));
        },
      );
    }
    this.#end(turn, 'done');
  }

  /** An error with a code is an answer, unless something was written before it; anything else resets the object. */
  #fail(turn: Turn, error: unknown): void {
    if (!this.isAlive) return;
    const { event } = turn;
    const hasWritten = this.turn === turn && !this.journal.isEmpty;
    const isAnswer = error instanceof SluiceError && error.code !== 'internal_error' && !hasWritten;
    if (!isAnswer || !isAsked(event)) {
      this.actor.reset(error, this, turn);
      return;
    }
    const refuse = (): void => {
      event.reject(error);
    };
    this.pass(refuse, refuse);
    this.#end(turn, 'refused');
  }

  #end(turn: Turn, outcome: 'done' | 'refused'): void {
    turn.tell(outcome);
    if (this.turn === turn) this.#free();
    else this.open = this.open.filter((other) => other !== turn);
    this.actor.rest(this);
  }

  giveUp(turn: Turn): boolean {
    if (!this.isAlive || this.turn !== turn) return true;
    if (this.actor.mailbox.isHeld) return false;
    turn.tell('given-up');
    this.open.push(turn);
    this.#free();
    return true;
  }

  #free(): void {
    this.turn = null;
    this.journal.forget();
    this.actor.mailbox.endTurn();
    if (this.actor.mailbox.size > 0) this.actor.loop.ready(this.actor);
  }

  /** False when the alarm was moved or deleted after it fell due. */
  #beginAlarm(event: ActorEvent & { type: 'alarm' }): boolean {
    const { rows, loop } = this.actor;
    const row = rows.getAlarm();
    if (row === null || row.at > loop.clock.now()) return false;
    event.row = row;
    this.alarm = 'running';
    loop.alarms.fired(this.actor, row);
    return true;
  }

  /** Its row goes in the same commit as its effect. False when the store failed. */
  #endAlarm(event: ActorEvent & { type: 'alarm' }): boolean {
    const was = this.alarm;
    this.alarm = 'none';
    if (was === 'running') {
      try {
        this.touch();
        this.journal.setAlarm(null);
      } catch (error) {
        this.storeFailed(toSluiceError(error));
        return false;
      }
    }
    this.actor.loop.alarms.done(this.actor, event.row, was !== 'none');
    return true;
  }

  /** Ends it and returns the turns that were under way. */
  end(): Turn[] {
    const turns = this.turn === null ? this.open : [...this.open, this.turn];
    if (this.turn !== null) this.turn.isVoid = true;
    this.isAlive = false;
    this.turn = null;
    this.open = [];
    this.#waiting = null;
    this.actor.loop.transacting.delete(this);
    return turns;
  }

  abort(error: unknown): void {
    this.actor.reset(error, this);
  }

  assertAlive(): void {
    if (!this.isAlive)
      throw new SluiceError('internal_error', 'The object was reset or put to sleep meanwhile.');
  }

  touch(): void {
    this.actor.loop.touched(this.actor);
  }

  storeFailed(error: SluiceError): void {
    this.actor.loop.storeFailed(error);
  }

  hold(reason: 'transaction' | 'block'): void {
    if (!this.isAlive) return;
    this.actor.mailbox.hold();
    if (reason !== 'transaction') return;
    this.#transactions += 1;
    this.actor.loop.transacting.add(this);
    this.actor.loop.arm();
  }

  release(reason: 'transaction' | 'block'): void {
    if (!this.isAlive) return;
    if (reason === 'transaction') {
      this.#transactions -= 1;
      if (this.#transactions === 0) this.actor.loop.transacting.delete(this);
    }
    if (!this.actor.mailbox.release()) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null && this.#instance !== null) {
      this.#invoke(waiting, this.#instance);
      return;
    }
    // A turn that was spared while it held may have to be given up now.
    this.actor.loop.arm();
    this.actor.loop.ready(this.actor);
    this.actor.rest(this);
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
    this.actor.loop.gate.pass({
      owner: this.actor,
      get isVoid() {
        return turn?.isVoid ?? false;
      },
      leave,
      drop,
    });
  }

  sent(socket: HostSocket, message: string | ArrayBuffer | Uint8Array): void {
    const { loop, name: actor } = this.actor;
    if (!loop.observers.isWatched) return;
    const text = typeof message === 'string' ? message : null;
    const bytes = typeof message === 'string' ? message.length : message.byteLength;
    loop.observers.tell({ type: 'frame', actor, socket, direction: 'out', bytes, text });
  }
}

function nothing(): void {
  // A frame that does not leave is forgotten.
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
