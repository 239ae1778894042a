/**
 * The scheduler of the embedded host. Turns run in microtasks; once they have all run, `#flush` commits what they wrote
 * in one transaction and opens the output gate.
 */
import type { SluiceError } from '../../protocol/error.ts';
import { Actor } from './actor.ts';
import { AlarmDispatcher } from './alarm-dispatcher.ts';
import type { Clock } from './clock.ts';
import { OutputGate } from './output-gate.ts';
import { IdleList } from './idle.ts';
import { Observers } from './observe.ts';
import type { ActorHandle, Definition, Scheduler } from './ports.ts';
import type { ActorName, Store } from './store.ts';

export interface EmbeddedSchedulerOptions {
  store: Store;
  classes: Record<string, Definition>;
  clock: Clock;
  /** 0 ≤ n < 1. */
  random: () => number;
  idleMs: number;
  onError: (error: unknown, actor: ActorName | null) => void;
}

/** Turns per event-loop turn: some 25 ms of work, so that sockets and files get their share. */
const TURNS_PER_FLUSH = 256;
/** Turns of one object before the next object's. */
const TURNS_AN_ACTOR = 32;

export class EmbeddedScheduler implements Scheduler {
  readonly store: Store;
  readonly clock: Clock;
  readonly observers = new Observers();
  readonly outputGate: OutputGate<ActorHandle>;
  readonly idle: IdleList<ActorHandle>;
  readonly alarms: AlarmDispatcher;
  isClosing = false;
  readonly #classes: Record<string, Definition>;
  readonly #onError: EmbeddedSchedulerOptions['onError'];
  readonly #actors = new Map<string, Map<string, Actor>>();
  readonly #ready = new Set<ActorHandle>();
  readonly #dirty = new Set<ActorHandle>();
  #isDrainQueued = false;
  #isArmed = false;
  #isFailing = false;
  #turnsLeft = TURNS_PER_FLUSH;

  constructor({ store, classes, clock, random, idleMs, onError }: EmbeddedSchedulerOptions) {
    this.store = store;
    this.clock = clock;
    this.#classes = classes;
    this.#onError = onError;
    this.outputGate = new OutputGate((owner) => !this.#dirty.has(owner));
    this.idle = new IdleList(clock, idleMs, (actor) => {
      actor.evict();
    });
    this.alarms = new AlarmDispatcher(this, random);
  }

  has(className: string): boolean {
    return Object.hasOwn(this.#classes, className);
  }

  /** The one actor of that name. */
  actor(name: ActorName): Actor {
    let actors = this.#actors.get(name.class);
    if (actors === undefined) this.#actors.set(name.class, (actors = new Map<string, Actor>()));
    let actor = actors.get(name.id);
    if (actor === undefined) {
      actor = new Actor(this, this.#classes[name.class] as Definition, name);
      actors.set(name.id, actor);
    }
    return actor;
  }

  *actors(): Iterable<Actor> {
    for (const actors of this.#actors.values()) yield* actors.values();
  }

  actorsOf(className: string): Iterable<Actor> {
    return this.#actors.get(className)?.values() ?? [];
  }

  forget(actor: ActorHandle): void {
    // Keep it while its writes are uncommitted: a failed commit has to reset it.
    if (actor.isNeeded || this.#dirty.has(actor)) return;
    this.#actors.get(actor.name.class)?.delete(actor.name.id);
  }

  ready(actor: ActorHandle): void {
    this.#ready.add(actor);
    if (this.#isDrainQueued || this.#turnsLeft === 0) return;
    this.#isDrainQueued = true;
    queueMicrotask(this.#drain);
  }

  readonly #drain = (): void => {
    this.#isDrainQueued = false;
    for (const actor of this.#ready) {
      if (this.#turnsLeft === 0) return;
      this.#ready.delete(actor);
      this.#turnsLeft -= actor.run(Math.min(TURNS_AN_ACTOR, this.#turnsLeft));
      // The others run after a commit.
      if (this.#turnsLeft === 0) this.#arm();
    }
  };

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#flush);
  }

  touched(actor: ActorHandle): void {
    this.#dirty.add(actor);
    this.#arm();
  }

  readonly #flush = (): void => {
    this.#isArmed = false;
    this.commit();
    this.#turnsLeft = TURNS_PER_FLUSH;
    this.#drain();
  };

  /** Commits all writes of all objects since the last commit in one transaction. */
  commit(): void {
    const { store, observers } = this;
    if (store.isDirty) {
      const { writes } = store;
      // Read before: after a failure the objects are no longer dirty.
      const actors = observers.isWatched ? [...this.#dirty].map(({ name }) => name) : [];
      const startedAt = observers.isWatched ? performance.now() : 0;
      let outcome: 'done' | 'failed' = 'done';
      try {
        store.commit();
        this.alarms.committed();
      } catch (error) {
        outcome = 'failed';
        this.storeFailed(error as SluiceError);
      }
      if (observers.isWatched) {
        const durationMs = performance.now() - startedAt;
        observers.emit({ type: 'commit', outcome, actors, writes, durationMs });
      }
      this.alarms.refresh();
    }
    const written = [...this.#dirty];
    this.#dirty.clear();
    for (const actor of written) this.forget(actor);
    this.outputGate.release();
  }

  storeFailed(error: SluiceError): void {
    // Resetting must not fail.
    if (this.#isFailing) return;
    this.#isFailing = true;
    try {
      this.store.rollback();
      this.alarms.pause();
      const affected = [...this.#dirty];
      this.#dirty.clear();
      for (const actor of affected) actor.storeFailed(error);
      this.outputGate.fail(error);
    } finally {
      this.#isFailing = false;
    }
    this.report(error, null);
  }

  report(error: unknown, actor: ActorName | null): void {
    this.#onError(error, actor);
  }

  /** Whether there are neither waiting events nor uncommitted turns. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && !this.#isArmed && !this.#isDrainQueued;
  }
}
