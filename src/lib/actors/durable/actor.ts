/** One object and what the host knows of it: its mailbox, its sockets, and its life while it has one. */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import { Context } from './context.ts';
import { type ActorEvent, isAsked } from './events.ts';
import { Life, type LifeOwner } from './life.ts';
import { LIMITS } from './limits.ts';
import { Mailbox } from './mailbox.ts';
import { type Definition, handles, type Loop } from './ports.ts';
import { HostSocket, type SocketOwner } from './sockets.ts';
import type { ActorName, ActorRows } from './store.ts';
import type { Turn } from './turn.ts';
import type { ConnectOptions, DurableObject, WireSocket } from './types.ts';

const NONE: HostSocket[] = [];
const BROKEN = 1011;
const RESTART = 1012;
const BUSY = 1013;

export class Actor implements LifeOwner, SocketOwner {
  readonly loop: Loop;
  readonly definition: Definition;
  readonly name: ActorName;
  readonly mailbox = new Mailbox<ActorEvent>();
  /** Open ones and those that are closing, oldest first. */
  sockets: HostSocket[] = NONE;
  life: Life | null = null;
  #rows: ActorRows | null = null;

  constructor(loop: Loop, definition: Definition, name: ActorName) {
    this.loop = loop;
    this.definition = definition;
    this.name = name;
  }

  get isNeeded(): boolean {
    return this.life !== null || this.sockets.length > 0 || this.mailbox.size > 0;
  }

  get rows(): ActorRows {
    this.#rows ??= this.loop.store.rows(this.name);
    return this.#rows;
  }

  deliver(event: ActorEvent): void {
    this.mailbox.push(event);
    if (this.life !== null) this.loop.idle.remove(this);
    this.loop.ready(this);
  }

  run(most: number): number {
    for (let count = 0; count < most; count += 1) {
      const event = this.mailbox.take();
      if (event === undefined) return count;
      (this.life ?? this.#wake()).begin(event);
    }
    if (this.mailbox.size > 0) this.loop.ready(this);
    return most;
  }

  #wake(): Life {
    this.life = new Life(this);
    this.#tell('wake');
    return this.life;
  }

  construct(life: Life): DurableObject {
    const { class: durableClass, env } = this.definition;
    return new durableClass(new Context(life), env as never);
  }

  connect(wire: WireSocket, options: ConnectOptions): HostSocket {
    const socket = new HostSocket(this, wire, options);
    if (this.sockets === NONE) this.sockets = [socket];
    else this.sockets.push(socket);
    const { observers } = this.loop;
    if (observers.isWatched) observers.tell({ type: 'socket-open', actor: this.name, socket });
    return socket;
  }

  heard(socket: HostSocket, message: string | ArrayBuffer): void {
    const { observers, isClosing } = this.loop;
    if (isClosing) return;
    if (observers.isWatched) {
      const text = typeof message === 'string' ? message : null;
      const bytes = typeof message === 'string' ? message.length : message.byteLength;
      observers.tell({ type: 'frame', actor: this.name, socket, direction: 'in', bytes, text });
    }
    if (this.mailbox.size >= LIMITS.mailboxEvents) socket.close(BUSY, 'too many messages');
    else this.deliver({ type: 'message', socket, message });
  }

  failed(socket: HostSocket, error: unknown): void {
    if (handles(this.definition, 'webSocketError') && !this.loop.isClosing) {
      this.deliver({ type: 'error', socket, error });
    }
  }

  left(socket: HostSocket, code: number, reason: string, wasClean: boolean): void {
    this.sockets = this.sockets.length === 1 ? NONE : this.sockets.filter((other) => other !== socket);
    const { observers, isClosing } = this.loop;
    if (observers.isWatched) observers.tell({ type: 'socket-close', actor: this.name, socket, code });
    // Not woken for news that it has no handler for.
    if (handles(this.definition, 'webSocketClose') && !isClosing) {
      this.deliver({ type: 'close', socket, code, reason, wasClean });
    } else {
      this.loop.forget(this);
    }
  }

  rest(life: Life): void {
    if (life === this.life && life.isIdle && this.mailbox.isIdle) this.loop.idle.add(this);
  }

  evict(): void {
    const { life } = this;
    if (life === null || !life.isIdle || !this.mailbox.isIdle) return;
    this.#end(life);
    this.#tell('evict');
    this.loop.forget(this);
  }

  committed(): void {
    this.life?.journal.forget();
  }

  /**
   * Uncommitted writes of the turn are taken back, whoever waits gets `internal_error` (or why what is stored cannot be
   * used), the next event finds a new object. Sockets stay, but for the one whose message was being handled.
   */
  reset(error: unknown, life: Life, culprit: Turn | null = life.turn): void {
    if (!life.isAlive) return;
    const turns = this.#end(life);
    try {
      if (!life.journal.isEmpty) this.loop.touched(this);
      life.journal.undo();
    } catch (failure) {
      this.loop.storeFailed(toSluiceError(failure));
    }
    this.loop.report(error, this.name);
    const { observers, alarms } = this.loop;
    if (observers.isWatched) observers.tell({ type: 'reset', actor: this.name, error });
    const answer = isOfStore(error) ? error : new SluiceError('internal_error', undefined, { cause: error });
    for (const turn of turns) {
      turn.tell('reset');
      const { event } = turn;
      if (isAsked(event)) event.reject(answer);
      if (event.type === 'alarm') alarms.failed(this, event.row, turn === culprit);
      // Nothing else would tell the client that its message came to nothing.
      if (event.type === 'message' && turn === culprit) event.socket.close(BROKEN, 'internal error');
    }
    this.#goOn();
  }

  storeFailed(error: SluiceError): void {
    const turns = this.life === null ? [] : this.#end(this.life);
    for (const turn of turns) {
      turn.tell('reset');
      const { event } = turn;
      if (isAsked(event)) event.reject(error);
      if (event.type === 'alarm') this.loop.alarms.failed(this, event.row, false);
    }
    for (const socket of [...this.sockets]) socket.close(RESTART, 'state not stored');
    this.#goOn();
  }

  /** The host closes: who still waits is told, and what a left handler does comes to nothing. */
  close(): void {
    const error = new SluiceError('not_ready');
    for (const socket of [...this.sockets]) socket.close(RESTART, 'restart');
    const events = this.mailbox.clear();
    if (this.life !== null) events.push(...this.#end(this.life).map((turn) => turn.event));
    for (const event of events) if (isAsked(event)) event.reject(error);
  }

  #end(life: Life): Turn[] {
    const turns = life.end();
    this.life = null;
    this.mailbox.reset();
    this.loop.idle.remove(this);
    for (const socket of this.sockets) socket.forgetView();
    // Looked up again on waking: an object that sleeps is its sockets and little else.
    if (!this.loop.store.isDirty) this.#rows = null;
    return turns;
  }

  #goOn(): void {
    // The loop forgets turns that are over when it next flushes.
    this.loop.arm();
    if (this.mailbox.size > 0) this.loop.ready(this);
    else this.loop.forget(this);
  }

  #tell(type: 'wake' | 'evict'): void {
    const { observers } = this.loop;
    if (observers.isWatched) observers.tell({ type, actor: this.name });
  }
}

/** `store_newer`, `store_corrupt`: there is something that a person can do about it. */
function isOfStore(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code.startsWith('store_');
}
