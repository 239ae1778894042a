/** Who speaks to whom inside the embedded host: an object and its life know the loop by these, and it them. */
import type { SluiceError } from '../../protocol/error.ts';
import type { Clock } from './clock.ts';
import type { ActorEvent } from './events.ts';
import type { OutputGate } from './gate.ts';
import type { IdleList } from './idle.ts';
import type { Observers } from './observe.ts';
import type { ActorName, ActorRows, AlarmRow, Store } from './store.ts';
import type { DurableClass, DurableObject } from './types.ts';

/** A class and what its objects get as `env`. */
export interface Definition {
  class: DurableClass<never, object>;
  env: unknown;
}

/** An object as the loop sees it. */
export interface Resident {
  readonly name: ActorName;
  readonly rows: ActorRows;
  /** In memory, with sockets, or with events that wait. */
  readonly isNeeded: boolean;
  deliver(event: ActorEvent): void;
  /** Takes turns until one has to wait or `most` were taken. Returns how many. */
  run(most: number): number;
  /** All its writes so far are on disk. */
  committed(): void;
  /** The commit failed: memory and clients may know more than the disk, so neither is kept. */
  storeFailed(error: SluiceError): void;
  /** Nothing has happened for a while: forgets the object; its sockets stay. */
  evict(): void;
}

export interface Alarms {
  fired(actor: Resident, row: AlarmRow): void;
  /** The handler has settled, or was not called (`hasRun` false) because the alarm was moved meanwhile. */
  done(actor: Resident, row: AlarmRow, hasRun: boolean): void;
  /** The handler threw (`isGuilty`), or its object was reset for another reason: then the try does not count. */
  failed(actor: Resident, row: AlarmRow, isGuilty: boolean): void;
}

export interface Loop {
  readonly store: Store;
  readonly clock: Clock;
  readonly observers: Observers;
  readonly gate: OutputGate<Resident>;
  readonly idle: IdleList<Resident>;
  readonly alarms: Alarms;
  readonly isClosing: boolean;
  /** Turns whose handler has not settled at once. */
  readonly running: { giveUp(): boolean }[];
  /** Lives with a transaction that is not over. */
  readonly transacting: Set<{ abort(error: SluiceError): void }>;
  /** The object may have an event to take. */
  ready(actor: Resident): void;
  /** Brings about a flush once all microtasks have run. */
  arm(): void;
  /** Before each write. */
  touched(actor: Resident): void;
  /** Everything uncommitted is lost: whoever has written or answered since the last commit starts afresh. */
  storeFailed(error: SluiceError): void;
  report(error: unknown, actor: ActorName | null): void;
  /** Drops the record of an object that is not needed. */
  forget(actor: Resident): void;
}

export function handles({ class: durableClass }: Definition, handler: keyof DurableObject): boolean {
  return typeof (durableClass.prototype as DurableObject)[handler] === 'function';
}
