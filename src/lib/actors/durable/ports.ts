/** The interfaces between the parts of the embedded host. */
import type { SluiceError } from '../../protocol/error.ts';
import type { Clock } from './clock.ts';
import type { ActorEvent, CalledEvent } from './events.ts';
import type { OutputGate } from './output-gate.ts';
import type { IdleList } from './idle.ts';
import type { Observers } from './observe.ts';
import type { ActorName, ActorRows, AlarmRow, Store } from './store.ts';
import type { DurableClass, DurableObject } from './types.ts';

/** A class and what its objects get as `env`. */
export interface Definition {
  class: DurableClass<never, object>;
  env: unknown;
}

/** An object as the scheduler sees it. */
export interface ActorHandle {
  readonly name: ActorName;
  readonly rows: ActorRows;
  /** In memory, with sockets, or with events that wait. */
  readonly isNeeded: boolean;
  deliver(event: ActorEvent): void;
  /** Runs at most `most` turns. @returns how many */
  run(most: number): number;
  /** The commit failed: memory and clients are ahead of the disk, so both are reset. */
  storeFailed(error: SluiceError): void;
  /** Answers an event that has written nothing from what is committed; `failure` where that is not possible. */
  answerAgain(event: CalledEvent, failure: SluiceError): void;
  /** Removes an idle object from memory; its sockets stay. */
  evict(): void;
}

export interface Alarms {
  fired(actor: ActorHandle, row: AlarmRow): void;
  /** The handler has returned, or was not called (`hasRun` false) because the alarm was moved meanwhile. */
  done(actor: ActorHandle, row: AlarmRow, hasRun: boolean): void;
  /** The handler threw (`hasThrown`), or the store failed: that does not count as an attempt. */
  failed(actor: ActorHandle, row: AlarmRow, hasThrown: boolean): void;
}

export interface Scheduler {
  readonly store: Store;
  readonly clock: Clock;
  readonly observers: Observers;
  readonly outputGate: OutputGate<ActorHandle>;
  readonly idle: IdleList<ActorHandle>;
  readonly alarms: Alarms;
  readonly isClosing: boolean;
  /** The object has waiting events. */
  ready(actor: ActorHandle): void;
  /** Before each write. */
  touched(actor: ActorHandle): void;
  /** Everything uncommitted is lost: resets every object that has written or answered since the last commit. */
  storeFailed(error: SluiceError): void;
  report(error: unknown, actor: ActorName | null): void;
  /** Drops an object that is not needed. */
  forget(actor: ActorHandle): void;
}

export function handles({ class: durableClass }: Definition, handler: keyof DurableObject): boolean {
  return typeof (durableClass.prototype as DurableObject)[handler] === 'function';
}
