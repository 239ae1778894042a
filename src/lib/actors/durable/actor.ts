/** One object: its mailbox, its sockets, and its activation while it is in memory. */
import { SluiceError } from '../../protocol/error.ts';
import { Activation, type ActivationOwner } from './activation.ts';
import { Context } from './context.ts';
import { type ActorEvent, type CalledEvent, hasCaller, type Turn } from './events.ts';
import { LIMITS } from './limits.ts';
import { type Definition, handles, type Scheduler } from './ports.ts';
import { HostSocket, type SocketOwner } from './sockets.ts';
import type { ActorName, ActorRows } from './store.ts';
import type { DurableObject, WireSocket } from './types.ts';

const NONE: HostSocket[] = [];
const BROKEN = 1011;
const RESTART = 1012;
const BUSY = 1013;

export class Actor implements ActivationOwner, SocketOwner {
  readonly scheduler: Scheduler;
  readonly definition: Definition;
  readonly name: ActorName;
  /** Waiting events, oldest first. `shift` does not copy below 16,000 elements (V8 trims on the left). */
  readonly #mailbox: ActorEvent[] = [];
  /** Open ones and those that are closing, oldest first. */
  sockets: HostSocket[] = NONE;
  #activation: Activation | null = null;
  #rows: ActorRows | null = null;

  constructor(scheduler: Scheduler, definition: Definition, name: ActorName) {
    this.scheduler = scheduler;
    this.definition = definition;
    this.name = name;
  }

  get isActive(): boolean {
    return this.#activation !== null;
  }

  /** Events that wait. */
  get waiting(): number {
    return this.#mailbox.length;
  }

  get isNeeded(): boolean {
    return this.isActive || this.sockets.length > 0 || this.waiting > 0;
  }

  get rows(): ActorRows {
    this.#rows ??= this.scheduler.store.rows(this.name);
    return this.#rows;
  }

  deliver(event: ActorEvent): void {
    this.#mailbox.push(event);
    if (this.isActive) this.scheduler.idle.remove(this);
    this.scheduler.ready(this);
  }

  run(most: number): number {
    for (let count = 0; count < most; count += 1) {
      const event = this.#mailbox.shift();
      if (event === undefined) return count;
      (this.#activation ?? this.#activate()).run(event);
    }
    if (this.waiting > 0) this.scheduler.ready(this);
    return most;
  }

  #activate(): Activation {
    this.#activation = new Activation(this);
    this.#observe('wake');
    return this.#activation;
  }

  construct(activation: Activation): DurableObject {
    const { class: durableClass, env } = this.definition;
    return new durableClass(new Context(activation), env as never);
  }

  connect(wire: WireSocket): HostSocket {
    const socket = new HostSocket(this, wire);
    if (this.sockets === NONE) this.sockets = [socket];
    else this.sockets.push(socket);
    const { observers } = this.scheduler;
    if (observers.isWatched) observers.emit({ type: 'socket-open', actor: this.name, socket });
    return socket;
  }

  received(socket: HostSocket, message: string | ArrayBuffer): void {
    const { observers, isClosing } = this.scheduler;
    if (isClosing) return;
    observers.frame(this.name, socket, 'in', message);
    if (this.waiting >= LIMITS.mailboxEvents) socket.close(BUSY, 'too many messages');
    else this.deliver({ type: 'message', socket, message });
  }

  left(socket: HostSocket, code: number, reason: string, wasClean: boolean): void {
    this.sockets = this.sockets.length === 1 ? NONE : this.sockets.filter((other) => other !== socket);
    const { observers, isClosing } = this.scheduler;
    if (observers.isWatched) observers.emit({ type: 'socket-close', actor: this.name, socket, code });
    // Do not wake it for an event without a handler.
    if (handles(this.definition, 'webSocketClose') && !isClosing) {
      this.deliver({ type: 'close', socket, code, reason, wasClean });
    } else {
      this.scheduler.forget(this);
    }
  }

  startIdling(activation: Activation): void {
    if (activation === this.#activation && activation.isIdle && this.waiting === 0)
      this.scheduler.idle.add(this);
  }

  evict(): void {
    const activation = this.#activation;
    if (activation === null || !activation.isIdle || this.waiting > 0) return;
    this.#end(activation);
    this.#observe('evict');
    this.scheduler.forget(this);
  }

  /**
   * Waiting callers get `internal_error` (or why the storage cannot be used); the next event creates a new object.
   * Sockets stay open, except the one whose message was being handled.
   */
  reset(error: unknown, activation: Activation, culprit?: Turn): void {
    if (activation !== this.#activation) return;
    const turns = this.#end(activation);
    const { observers, alarms } = this.scheduler;
    this.scheduler.report(error, this.name);
    if (observers.isWatched) observers.emit({ type: 'reset', actor: this.name, error });
    const answer = isOfStore(error) ? error : new SluiceError('internal_error', undefined, { cause: error });
    this.#fail(turns, answer);
    if (culprit?.event.type === 'alarm') alarms.failed(this, culprit.event.row, true);
    // The client would not learn otherwise that its message had no effect.
    if (culprit?.event.type === 'message') culprit.event.socket.close(BROKEN, 'internal error');
    this.#resume();
  }

  storeFailed(error: SluiceError): void {
    const turns = this.#activation === null ? [] : this.#end(this.#activation);
    this.#fail(turns, error);
    for (const { event } of turns) {
      if (event.type === 'alarm') this.scheduler.alarms.failed(this, event.row, false);
    }
    for (const socket of [...this.sockets]) socket.close(RESTART, 'state not stored');
    this.#resume();
  }

  answerAgain(event: CalledEvent, failure: SluiceError): void {
    // A body that was read is gone.
    if (event.type === 'fetch' && event.request.body !== null) event.reject(failure);
    else new Activation(this).answer(event, failure);
  }

  #fail(turns: Turn[], error: SluiceError): void {
    for (const turn of turns) {
      this.scheduler.observers.turn(this.name, turn, 'reset', this.waiting);
      if (hasCaller(turn.event)) turn.event.reject(error);
    }
  }

  /** When the host closes: waiting callers get `not_ready`; pending promises have no effect any more. */
  close(): void {
    const error = new SluiceError('not_ready');
    for (const socket of [...this.sockets]) socket.close(RESTART, 'restart');
    const events = this.#mailbox.splice(0);
    if (this.#activation !== null) events.push(...this.#end(this.#activation).map(({ event }) => event));
    for (const event of events) if (hasCaller(event)) event.reject(error);
  }

  #end(activation: Activation): Turn[] {
    const turns = activation.end();
    this.#activation = null;
    this.scheduler.idle.remove(this);
    for (const socket of this.sockets) socket.forgetView();
    // Looked up again when it wakes, to save memory.
    if (!this.scheduler.store.isDirty) this.#rows = null;
    return turns;
  }

  #resume(): void {
    if (this.waiting > 0) this.scheduler.ready(this);
    else this.scheduler.forget(this);
  }

  #observe(type: 'wake' | 'evict'): void {
    const { observers } = this.scheduler;
    if (observers.isWatched) observers.emit({ type, actor: this.name });
  }
}

/** `store_newer`, `store_corrupt`: errors that a person can mend. */
function isOfStore(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code.startsWith('store_');
}
