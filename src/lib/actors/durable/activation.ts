/**
 * One activation of an object, from the event that woke it to its eviction or reset: runs its turns. Whatever belongs to
 * an activation ends with it: its pending promises and timers can neither write nor send afterwards.
 */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { StorageOwner } from './actor-storage.ts';
import { type ActorEvent, type CalledEvent, hasCaller, invoke, type Turn } from './events.ts';
import type { GatedOutput } from './output-gate.ts';
import { type ActorHandle, type Definition, handles, type Scheduler } from './ports.ts';
import type { HostSocket, SocketUser } from './sockets.ts';
import type { ActorRows, Store } from './store.ts';
import type { DurableObject } from './types.ts';

/** The object that is active. */
export interface ActivationOwner extends ActorHandle {
  readonly scheduler: Scheduler;
  readonly definition: Definition;
  readonly sockets: readonly HostSocket[];
  readonly waiting: number;
  construct(activation: Activation): DurableObject;
  /** Ends an activation; does nothing when it is over. `culprit` = the turn that threw. */
  reset(error: unknown, activation: Activation, culprit?: Turn): void;
  /** Starts the idle timer when nothing is pending. */
  startIdling(activation: Activation): void;
}

const NONE: Turn[] = [];

export class Activation implements StorageOwner, SocketUser {
  readonly actor: ActivationOwner;
  isAlive = true;
  /** It only answers one event: nothing else that it does has an effect, or is an error. */
  isForOneAnswer = false;
  /** Null until its constructor has run. */
  #object: DurableObject | null = null;
  /** The turn whose handler is running. */
  #turn: Turn | null = null;
  /** Turns whose handler returned a promise that is pending. */
  #open = NONE;
  /** Promises of `waitUntil`. */
  #waits = 0;
  /** What the turn has sent, released when it succeeds. Null between turns. */
  #outputs: GatedOutput<ActorHandle>[] | null = null;
  #hasWritten = false;
  #abortError: unknown = null;

  constructor(actor: ActivationOwner) {
    this.actor = actor;
  }

  get rows(): ActorRows {
    return this.actor.rows;
  }

  get store(): Store {
    return this.actor.scheduler.store;
  }

  get hasAlarmHandler(): boolean {
    return handles(this.actor.definition, 'alarm');
  }

  /** May be evicted. */
  get isIdle(): boolean {
    return this.#turn === null && this.#open.length === 0 && this.#waits === 0;
  }

  /** Runs one turn, from the call of its handler to its return. */
  run(event: ActorEvent): void {
    const { isWatched } = this.actor.scheduler.observers;
    const turn: Turn = { event, startedAt: isWatched ? performance.now() : null };
    this.#turn = turn;
    let result: unknown;
    try {
      const object = (this.#object ??= this.#attempt(() => this.actor.construct(this)));
      result = this.#attempt(() => this.#invoke(object, event));
    } catch (error) {
      this.#failed(turn, error, this.#hasWritten);
      return;
    }
    if (!isThenable(result)) {
      this.#succeeded(turn, result, !this.#hasWritten);
      return;
    }
    this.#turn = null;
    this.#open = [...this.#open, turn];
    this.#observe(turn, 'given-up');
    result.then(
      (value) => {
        this.#succeeded(turn, value, false);
      },
      (error: unknown) => {
        this.#failed(turn, error, false);
      },
    );
  }

  /** Runs `work`: all that it writes and sends takes effect, or nothing. */
  #attempt<T>(work: () => T): T {
    const outputs: GatedOutput<ActorHandle>[] = [];
    this.#outputs = outputs;
    this.#hasWritten = false;
    try {
      return this.store.attempt(() => {
        const result = work();
        if (!this.isAlive) throw this.#abortError;
        return result;
      });
    } catch (error) {
      for (const output of outputs.splice(0)) output.drop(null);
      throw error;
    } finally {
      this.#outputs = null;
      for (const output of outputs) this.actor.scheduler.outputGate.pass(output);
    }
  }

  #invoke(object: DurableObject, event: ActorEvent): unknown {
    const view = (socket: HostSocket) => socket.view(this);
    if (event.type !== 'alarm') return invoke(object, event, view);
    const { rows, scheduler } = this.actor;
    const row = rows.getAlarm();
    // The alarm was moved after it was due.
    const isEarly = event.expectedNow !== undefined;
    if (row === null || (!isEarly && row.at > scheduler.clock.now())) return undefined;
    event.row = row;
    scheduler.alarms.fired(this.actor, row);
    this.#clearAlarm();
    return invoke(object, event, view);
  }

  /** In the same commit as the alarm's effect, so that a rollback restores it. */
  #clearAlarm(): void {
    this.touch();
    try {
      this.rows.setAlarm(null);
    } catch (error) {
      this.storeFailed(toSluiceError(error));
      throw error;
    }
  }

  /**
   * Answers from what is committed, in an activation of its own: what its constructor writes is taken back, as it can be
   * written again. An answer that comes later, or that needs a write, is `failure`.
   */
  answer(event: CalledEvent, failure: SluiceError): void {
    let answer = (): void => event.reject(failure);
    const wasDirty = this.store.isDirty;
    this.isForOneAnswer = true;
    try {
      this.#attempt(() => {
        const object = this.actor.construct(this);
        this.#hasWritten = false;
        try {
          const value = this.#invoke(object, event);
          if (!isThenable(value) && !this.#hasWritten) answer = () => event.resolve(value);
        } catch (error) {
          if (isRefusal(error) && !this.#hasWritten) answer = () => event.reject(error);
        }
        throw failure;
      });
    } catch {
      // Taken back.
    }
    this.end();
    if (!wasDirty) this.store.rollback();
    answer();
  }

  /** @param isRead the answer is all that the turn did: it can be made again */
  #succeeded(turn: Turn, value: unknown, isRead: boolean): void {
    if (!this.isAlive) return;
    const { event } = turn;
    // A turn that cleared its alarm has written.
    if (event.type === 'alarm') this.actor.scheduler.alarms.done(this.actor, event.row, this.#hasWritten);
    if (hasCaller(event)) {
      this.pass(
        () => {
          event.resolve(value);
        },
        (failure) => {
          if (isRead && failure !== null) this.actor.answerAgain(event, failure);
          else event.reject(failure ?? new SluiceError('internal_error'));
        },
      );
    }
    this.#end(turn, 'done');
  }

  /** A SluiceError before any write is an answer; anything else resets the object. */
  #failed(turn: Turn, error: unknown, hasWritten: boolean): void {
    const { event } = turn;
    const isAnswer = isRefusal(error) && !hasWritten;
    if (!this.isAlive || this.#object === null || !isAnswer || !hasCaller(event)) {
      this.actor.reset(error, this, turn);
      return;
    }
    const refuse = (): void => {
      event.reject(error);
    };
    const isRead = this.#turn === turn;
    this.pass(refuse, (failure) => {
      if (isRead && failure !== null) this.actor.answerAgain(event, failure);
      else refuse();
    });
    this.#end(turn, 'refused');
  }

  #end(turn: Turn, outcome: 'done' | 'refused'): void {
    if (this.#turn === turn) this.#turn = null;
    else this.#open = this.#open.filter((other) => other !== turn);
    this.#observe(turn, outcome);
    this.actor.startIdling(this);
  }

  #observe(turn: Turn, outcome: 'done' | 'given-up' | 'refused'): void {
    const { scheduler, name, waiting } = this.actor;
    scheduler.observers.turn(name, turn, outcome, waiting);
  }

  /** @returns the turns that were pending */
  end(): Turn[] {
    const turns = this.#turn === null ? this.#open : [...this.#open, this.#turn];
    this.isAlive = false;
    this.#turn = null;
    this.#open = NONE;
    return turns;
  }

  abort(error: unknown): void {
    if (!this.isAlive) return;
    this.#abortError = error;
    // A handler runs until it returns; its effects are rolled back then.
    if (this.#outputs !== null) this.isAlive = false;
    else this.actor.reset(error, this);
  }

  assertAlive(): void {
    if (!this.isAlive)
      throw new SluiceError('internal_error', 'The object was reset or put to sleep meanwhile.');
  }

  touch(): void {
    this.#hasWritten = true;
    this.actor.scheduler.touched(this.actor);
  }

  storeFailed(error: SluiceError): void {
    this.#abortError = error;
    this.actor.scheduler.storeFailed(error);
  }

  /** Keeps the object in memory. @returns ends that */
  wait(): () => void {
    this.#waits += 1;
    return () => {
      this.#waits -= 1;
      this.actor.startIdling(this);
    };
  }

  committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pass(resolve, (error) => {
        reject(error ?? new SluiceError('internal_error', 'The write was taken back.'));
      });
    });
  }

  pass(leave: () => void, drop: (error: SluiceError | null) => void = nothing): void {
    const output = { owner: this.actor, leave, drop };
    if (this.#outputs === null) this.actor.scheduler.outputGate.pass(output);
    else this.#outputs.push(output);
  }

  sent(socket: HostSocket, message: string | ArrayBuffer | Uint8Array): void {
    this.actor.scheduler.observers.frame(this.actor.name, socket, 'out', message);
  }
}

function nothing(): void {
  // A frame that does not leave is forgotten.
}

/** A SluiceError of a handler, unlike one of the host. */
function isRefusal(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code !== 'internal_error';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
