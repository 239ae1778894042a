/** The embedded host: durable objects in this process, their rows in one SQLite file. */
import { SluiceError } from '../../protocol/error.ts';
import { type Clock, systemClock } from './clock.ts';
import { ActorId } from './context.ts';
import { EmbeddedScheduler } from './embedded-scheduler.ts';
import { limit, LIMITS } from './limits.ts';
import { type LoadedObject, loadedObject, type StoredObject, storedObject } from './stored-object.ts';
import type { HostListener } from './observe.ts';
import type { Definition } from './ports.ts';
import { openStore } from './storage.server.ts';
import type { ActorName, Store } from './store.ts';
import type {
  DurableClass,
  DurableId,
  DurableObject,
  EmbeddedStub,
  SocketLink,
  WireSocket,
} from './types.ts';

/** An object is evicted after being idle for this long. Source: Cloudflare's hibernation. */
const IDLE_MS = 10_000;
/** How long `close` waits for turns to end. */
const CLOSE_MS = 5000;

export interface EmbeddedHostOptions {
  /** The SQLite file, created if absent; or an open store. */
  storage: string | Store;
  /** By the class name used in stubs and in the store. */
  classes: Record<string, Definition>;
  clock?: Clock;
  random?: () => number;
  idleMs?: number;
  /** Internal errors: uncaught errors of handlers, failed commits, dropped alarms. `actor` null = the store. */
  onError: (error: unknown, actor: ActorName | null) => void;
}

export interface EmbeddedHost {
  /**
   * A stub; does not create the object.
   * @throws SluiceError `storage_limit` for a name above 256 characters
   */
  get<T extends object = DurableObject>(className: string, id: string): EmbeddedStub<T>;
  /** Ids of stored objects in order, `count` after `after`. */
  ids(className: string, after?: string, count?: number): string[];
  /** Ids of objects that have an alarm set, the soonest first. */
  alarmed(className: string): string[];
  /** The objects of a class that have something in memory. */
  loaded(className: string): LoadedObject[];
  /** @throws SluiceError `store_corrupt`, `disk_error` when it is read */
  stored(className: string, id: string): StoredObject;
  /** Counts of what is in memory. */
  stats(): { actors: number; live: number; sockets: number };
  /** @returns removes the listener */
  observe(listener: HostListener): () => void;
  /**
   * Refuses new events (`not_ready`), waits for turns (5 s at most), commits, closes sockets with 1012 and releases
   * the data dir. Callers of pending turns get `not_ready`.
   */
  close(): Promise<void>;
}

/** A class with its env, type-checked against each other. */
export function define<Env>(durableClass: DurableClass<Env, object>, env: Env): Definition {
  return { class: durableClass, env };
}

/**
 * Opens the store, and delivers alarms from the next event-loop turn on.
 * @throws SluiceError `data_dir_busy`, `store_corrupt`, `store_newer`, `disk_*`
 */
export function createEmbeddedHost(options: EmbeddedHostOptions): EmbeddedHost {
  const { storage } = options;
  const store = typeof storage === 'string' ? openStore(storage, { onDamaged: options.onError }) : storage;
  const scheduler = new EmbeddedScheduler({
    store,
    classes: options.classes,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    idleMs: options.idleMs ?? IDLE_MS,
    onError: options.onError,
  });
  const start = setImmediate(() => {
    scheduler.alarms.start();
  });
  let closed: Promise<void> | null = null;
  return {
    get: <T extends object>(className: string, id: string) =>
      new Stub(scheduler, checkName(scheduler, className, id)) as unknown as EmbeddedStub<T>,
    ids: (className, after = '', count = 1000) => store.ids(className, after, count),
    alarmed: (className) =>
      store
        .alarms(Number.MAX_SAFE_INTEGER)
        .filter((alarm) => alarm.class === className)
        .map(({ id }) => id),
    loaded: (className) => [...scheduler.actorsOf(className)].map(loadedObject),
    stored: (className, id) => storedObject(store.rows(checkName(scheduler, className, id))),
    stats() {
      const actors = [...scheduler.actors()];
      return {
        actors: actors.length,
        live: actors.filter(({ isActive }) => isActive).length,
        sockets: actors.reduce((sum, actor) => sum + actor.sockets.length, 0),
      };
    },
    observe: (listener) => scheduler.observers.add(listener),
    close() {
      clearImmediate(start);
      closed ??= close(scheduler);
      return closed;
    },
  };
}

function checkName(scheduler: EmbeddedScheduler, className: string, id: string): ActorName {
  if (!scheduler.has(className)) throw new TypeError(`There is no class ${className}.`);
  if (id === '') throw new TypeError('An object needs a name.');
  if (id.length > LIMITS.idLength)
    throw limit(`The name of an object is at most ${LIMITS.idLength} characters.`);
  if (!id.isWellFormed()) throw limit('The name of an object has to be well-formed Unicode.');
  return { class: className, id };
}

class Stub {
  readonly id: DurableId;
  readonly #scheduler: EmbeddedScheduler;
  readonly #name: ActorName;

  constructor(scheduler: EmbeddedScheduler, name: ActorName) {
    this.#scheduler = scheduler;
    this.#name = name;
    this.id = new ActorId(name.id);
  }

  fetch(request: Request): Promise<unknown> {
    return this.#ask({ type: 'fetch', request });
  }

  call(method: string, ...args: unknown[]): Promise<unknown> {
    return this.#ask({ type: 'call', method, args });
  }

  connect(wire: WireSocket): SocketLink {
    if (this.#scheduler.isClosing) throw new SluiceError('not_ready');
    return this.#scheduler.actor(this.#name).connect(wire);
  }

  #ask(
    event: { type: 'fetch'; request: Request } | { type: 'call'; method: string; args: unknown[] },
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const actor = this.#scheduler.actor(this.#name);
      if (this.#scheduler.isClosing) reject(new SluiceError('not_ready'));
      else if (actor.waiting >= LIMITS.mailboxEvents) reject(new SluiceError('too_many_requests'));
      else actor.deliver({ ...event, resolve, reject });
    });
  }
}

async function close(scheduler: EmbeddedScheduler): Promise<void> {
  scheduler.isClosing = true;
  scheduler.alarms.stop();
  const end = performance.now() + CLOSE_MS;
  while (!scheduler.isIdle && performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
  scheduler.commit();
  for (const actor of scheduler.actors()) actor.close();
  scheduler.idle.stop();
  try {
    scheduler.store.close();
  } catch (error) {
    // Everything acknowledged is in the WAL: the next start recovers it.
    scheduler.report(error, null);
  }
}
