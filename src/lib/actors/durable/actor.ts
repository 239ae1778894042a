/**
 * One object and everything the host knows of it: its mailbox, its sockets, and its life while it has one.
 * Runs its turns one at a time; the loop says when.
 */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import { type ActorEvent, invoke, isAsked } from './events.ts';
import type { Definition, Kernel } from './kernel.ts';
import { Life, Turn } from './life.ts';
import { LIMITS } from './limits.ts';
import { Mailbox } from './mailbox.ts';
import { HostSocket, type SocketOwner } from './sockets.ts';
import type { ActorName, ActorRows } from './store.ts';
import type { ConnectOptions, WireSocket } from './types.ts';

const NONE: HostSocket[] = [];
const RESTART = 1012;
const BUSY = 1013;
const BROKEN = 1011;

export class Actor implements SocketOwner {
  readonly kernel: Kernel;
  readonly definition: Definition;
  readonly name: ActorName;
  readonly mailbox = new Mailbox<ActorEvent>();
  /** Open ones and those that are closing, oldest first. */
  sockets: HostSocket[] = NONE;
  life: Life | null = null;
  #rows: ActorRows | null = null;

  constructor(kernel: Kernel, definition: Definition, name: ActorName) {
    this.kernel = kernel;
    this.definition = definition;
    this.name = name;
  }

  get rows(): ActorRows {
    this.#rows ??= this.kernel.store.rows(this.name);
    return this.#rows;
  }

  deliver(event: ActorEvent): void {
    this.mailbox.push(event);
    if (this.life !== null) this.kernel.idle.remove(this);
    this.kernel.ready(this);
  }

  connect(wire: WireSocket, options: ConnectOptions): HostSocket {
    const socket = new HostSocket(this, wire, options);
    if (this.sockets === NONE) this.sockets = [socket];
    else this.sockets.push(socket);
    this.#tell('socket-open');
    return socket;
  }

  heard(socket: HostSocket, message: string | ArrayBuffer): void {
    if (this.kernel.isClosing) return;
    const { observers } = this.kernel;
    if (observers.isWatched) {
      const bytes = typeof message === 'string' ? message.length : message.byteLength;
      observers.tell({ type: 'frame', actor: this.name, direction: 'in', bytes });
    }
    if (this.mailbox.size >= LIMITS.mailboxEvents) socket.close(BUSY, 'too many messages');
    else this.deliver({ type: 'message', socket, message });
  }

  failed(socket: HostSocket, error: unknown): void {
    if (this.definition.class.prototype.webSocketError) this.deliver({ type: 'error', socket, error });
  }

  left(socket: HostSocket, code: number, reason: string, wasClean: boolean): void {
    this.sockets = this.sockets.length === 1 ? NONE : this.sockets.filter((other) => other !== socket);
    const { observers } = this.kernel;
    if (observers.isWatched) observers.tell({ type: 'socket-close', actor: this.name, code });
    // Not woken for news that it has no handler for.
    if (this.definition.class.prototype.webSocketClose && !this.kernel.isClosing) {
      this.deliver({ type: 'close', socket, code, reason, wasClean });
    } else if (this.life === null) {
      this.kernel.forget(this);
    }
  }

  /** Takes turns until one has to wait or `most` were taken. Returns how many. */
  run(most: number): number {
    for (let count = 0; count < most; count += 1) {
      const event = this.mailbox.take();
      if (event === undefined) return count;
      this.#begin(event);
    }
    if (this.mailbox.size > 0) this.kernel.ready(this);
    return most;
  }

  #begin(event: ActorEvent): void {
    const life = this.life ?? this.#wake();
    const turn = new Turn(life, event, this.kernel.observers.isWatched ? performance.now() : 0);
    life.turn = turn;
    // What was written before belongs to turns that are over.
    life.journal.forget();
    try {
      life.instance ??= new this.definition.class(life.context, this.definition.env);
    } catch (error) {
      this.reset(error, life);
      return;
    }
    if (this.mailbox.isHeld) life.waiting = turn;
    else this.#invoke(turn);
  }

  #wake(): Life {
    this.life = new Life(this);
    this.#tell('wake');
    return this.life;
  }

  #invoke(turn: Turn): void {
    const { life, event } = turn;
    if (!life.isAlive) return;
    let result: unknown;
    try {
      if (event.type === 'alarm' && !this.#beginAlarm(life, event)) return this.#settle(turn, undefined);
      result = invoke(life.instance as object, event, (socket) => socket.view(life));
    } catch (error) {
      return this.#reject(turn, error);
    }
    if (!isThenable(result)) return this.#settle(turn, result);
    this.kernel.running.push(turn);
    this.kernel.arm();
    result.then(
      (value) => {
        this.#settle(turn, value);
      },
      (error: unknown) => {
        this.#reject(turn, error);
      },
    );
  }

  /** False when the alarm was moved or deleted after it fell due. */
  #beginAlarm(life: Life, event: ActorEvent & { type: 'alarm' }): boolean {
    const row = this.rows.getAlarm();
    if (row === null || row.at > this.kernel.clock.now()) return false;
    event.row = row;
    life.alarm = 'running';
    this.kernel.alarms.fired(this, row);
    return true;
  }

  /** The mailbox is free again: goes on with what waited for it. */
  freed(): void {
    const waiting = this.life?.waiting ?? null;
    if (waiting === null) {
      this.kernel.arm();
      this.kernel.ready(this);
      this.rest(this.life);
    } else {
      waiting.life.waiting = null;
      this.#invoke(waiting);
    }
  }

  #settle(turn: Turn, value: unknown): void {
    const { life, event } = turn;
    if (!life.isAlive) return;
    if (event.type === 'alarm' && !this.#endAlarm(life, event)) return;
    if (isAsked(event)) {
      life.pass(
        () => event.resolve(value),
        (failure) => event.reject(failure ?? new SluiceError('internal_error')),
      );
    }
    this.#end(turn, 'done');
  }

  #reject(turn: Turn, error: unknown): void {
    const { life, event } = turn;
    if (!life.isAlive) return;
    const hasWritten = life.turn === turn && !life.journal.isEmpty;
    const isAnswer = error instanceof SluiceError && error.code !== 'internal_error' && !hasWritten;
    if (!isAnswer || !isAsked(event)) return this.reset(error, life, turn);
    const refuse = (): void => event.reject(error);
    life.pass(refuse, refuse);
    this.#end(turn, 'refused');
  }

  #end(turn: Turn, outcome: 'done' | 'refused'): void {
    const { life } = turn;
    this.#tellTurn(turn, outcome);
    if (life.turn === turn) {
      life.turn = null;
      life.journal.forget();
      this.mailbox.endTurn();
      if (this.mailbox.size > 0) this.kernel.ready(this);
    } else {
      life.open = life.open.filter((other) => other !== turn);
    }
    this.rest(life);
  }

  /** Called when all microtasks have run: a handler that has not settled waits for something else. */
  giveUp(turn: Turn): boolean {
    const { life } = turn;
    if (!life.isAlive || life.turn !== turn) return true;
    if (this.mailbox.isHeld) return false;
    this.#tellTurn(turn, 'given-up');
    life.turn = null;
    life.open.push(turn);
    life.journal.forget();
    this.mailbox.endTurn();
    this.kernel.ready(this);
    return true;
  }

  /** True when the alarm's row is dealt with and the turn may end as any other. */
  #endAlarm(life: Life, event: ActorEvent & { type: 'alarm' }): boolean {
    const was = life.alarm;
    life.alarm = 'none';
    if (was === 'running') {
      try {
        life.touch();
        life.journal.setAlarm(null);
      } catch (error) {
        this.kernel.storeFailed(toSluiceError(error));
        return false;
      }
    }
    this.kernel.alarms.done(this, event.row, was !== 'none');
    return true;
  }

  /**
   * Ends this life: uncommitted writes of its turn are taken back, whoever waits gets `internal_error`, the next
   * event finds a new object. Sockets stay, but for the one whose message was being handled.
   */
  reset(error: unknown, life: Life, culprit: Turn | null = life.turn): void {
    if (!life.isAlive) return;
    const turns = this.#die(life);
    try {
      if (!life.journal.isEmpty) life.touch();
      life.journal.undo();
    } catch (failure) {
      this.kernel.storeFailed(toSluiceError(failure));
    }
    this.kernel.report(error, this.name);
    const answer = new SluiceError('internal_error', undefined, { cause: error });
    for (const turn of turns) {
      this.#tellTurn(turn, 'reset');
      const { event } = turn;
      if (isAsked(event)) event.reject(answer);
      if (event.type === 'alarm') this.kernel.alarms.failed(this, event.row, turn === culprit);
      // Nothing else would tell the client that its message came to nothing.
      if (event.type === 'message' && turn === culprit) event.socket.close(BROKEN, 'internal error');
    }
    this.#afresh();
  }

  /** The commit failed: memory and clients may know more than the disk, so neither is kept. */
  storeFailed(error: SluiceError): void {
    const { life } = this;
    for (const { event } of life === null ? [] : this.#die(life)) {
      if (isAsked(event)) event.reject(error);
      if (event.type === 'alarm') this.kernel.alarms.failed(this, event.row, false);
    }
    for (const socket of [...this.sockets]) socket.close(RESTART, 'state not stored');
    this.#afresh();
  }

  /** The host closes: who still waits is told, what a left handler does comes to nothing. */
  end(): void {
    const error = new SluiceError('not_ready');
    for (const event of this.mailbox.clear()) if (isAsked(event)) event.reject(error);
    const turns = this.life === null ? [] : this.#die(this.life);
    for (const { event } of turns) if (isAsked(event)) event.reject(error);
  }

  /** Marks the life as over and returns the turns that were under way. */
  #die(life: Life): Turn[] {
    if (life.turn !== null) life.turn.isVoid = true;
    const turns = life.turn === null ? life.open : [...life.open, life.turn];
    this.#forgetLife(life);
    this.mailbox.reset();
    return turns;
  }

  #afresh(): void {
    if (this.mailbox.size > 0) this.kernel.ready(this);
    else if (this.sockets.length === 0) this.kernel.forget(this);
  }

  /** Begins to wait for eviction when nothing is under way. */
  rest(life: Life | null): void {
    if (life === null || life !== this.life || !life.isIdle || !this.mailbox.isIdle) return;
    this.kernel.idle.add(this);
  }

  /** Forgets the object; its sockets stay. */
  evict(): void {
    const { life } = this;
    if (life === null || !life.isIdle || !this.mailbox.isIdle) return;
    this.#forgetLife(life);
    this.#tell('evict');
    if (this.sockets.length === 0) this.kernel.forget(this);
  }

  #forgetLife(life: Life): void {
    life.isAlive = false;
    life.turn = null;
    life.open = [];
    life.waiting = null;
    this.life = null;
    this.kernel.idle.remove(this);
    this.kernel.transacting.delete(life);
    for (const socket of this.sockets) socket.forgetView();
    // Looked up again on waking: an evicted object is its sockets and little else.
    if (!this.kernel.store.isDirty) this.#rows = null;
  }

  #tell(type: 'wake' | 'evict' | 'socket-open'): void {
    const { observers } = this.kernel;
    if (observers.isWatched) observers.tell({ type, actor: this.name });
  }

  #tellTurn(turn: Turn, outcome: 'done' | 'given-up' | 'refused' | 'reset'): void {
    const { observers } = this.kernel;
    if (!observers.isWatched) return;
    const { event, startedAt } = turn;
    observers.tell({
      type: 'turn',
      actor: this.name,
      event: event.type,
      method: event.type === 'call' ? event.method : null,
      outcome,
      durationMs: startedAt === 0 ? 0 : performance.now() - startedAt,
      queued: this.mailbox.size,
    });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
