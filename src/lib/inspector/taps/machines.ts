/**
 * XState's own inspection events, as notes. Knows every session's root actor from its start, but holds none of them
 * in memory and asks nothing of them until somebody watches.
 */
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent, Subscription } from 'xstate';
import type { DownloadRow } from '../../actors/download/row.ts';
import type { EntityId } from '../../protocol/inspection.ts';
import type { Edge } from '../charts/edge-id.ts';
import type { Hub } from '../hub.ts';
import { isRoutineEvent } from '../note.ts';

/** A download that lives as an actor, right now. */
export interface LiveDownload {
  row: DownloadRow;
  value: unknown;
}

type Caused = { type: string; cause?: unknown };

export class MachineTap {
  readonly #roots = new Map<string, WeakRef<AnyActorRef>>();
  readonly #gone = new FinalizationRegistry<string>((session) => {
    if (this.#roots.get(session)?.deref() === undefined) this.#roots.delete(session);
  });
  #subscriptions = new WeakMap<AnyActorRef, Subscription>();
  #hub: Hub | null = null;

  /** As `SessionEnv.machinesStarted`. */
  started(session: string, root: AnyActorRef): void {
    this.#roots.set(session, new WeakRef(root));
    this.#gone.register(root, session);
    if (this.#hub === null) return;
    this.#hub.note(`session:${session}`, session, null, {
      kind: 'spawn',
      machine: machineOf(root),
      value: valueOf(root.getSnapshot()),
    });
    this.#watch(this.#hub, session, root);
  }

  /** As `Tap`. */
  attach(hub: Hub): () => void {
    this.#hub = hub;
    for (const [session, ref] of this.#roots) {
      const root = ref.deref();
      if (root !== undefined) this.#watch(hub, session, root);
    }
    return () => {
      this.#hub = null;
      for (const ref of this.#roots.values()) {
        const root = ref.deref();
        if (root !== undefined) this.#subscriptions.get(root)?.unsubscribe();
      }
      this.#subscriptions = new WeakMap();
    };
  }

  /** The downloads of a session that live: read from its actor, outside any turn. */
  live(session: string): LiveDownload[] {
    const root = this.#roots.get(session)?.deref();
    if (root === undefined) return [];
    const { children } = root.getSnapshot() as { children: Record<string, AnyActorRef | undefined> };
    return Object.values(children).flatMap((child) => {
      const snapshot = child?.getSnapshot() as AnyMachineSnapshot | undefined;
      const row = (snapshot?.context as { row?: DownloadRow } | undefined)?.row;
      if (snapshot === undefined || row === undefined) return [];
      return { row, value: valueOf(snapshot) };
    });
  }

  #watch(hub: Hub, session: string, root: AnyActorRef): void {
    const observer = new SystemObserver(hub, session, root.sessionId);
    this.#subscriptions.set(root, root.system.inspect(observer));
  }
}

/** One session's actors. Held by their own system, so it lives as long as they do. */
class SystemObserver {
  readonly #hub: Hub;
  readonly #session: string;
  readonly #rootId: string;
  readonly #root: EntityId;
  /** By XState's own ids: a name is made once, not with each event. */
  readonly #parties = new Map<string, EntityId>();
  /** Steps of the event that is being taken, by actor. */
  readonly #took = new Map<string, Edge[]>();

  constructor(hub: Hub, session: string, rootId: string) {
    this.#hub = hub;
    this.#session = session;
    this.#rootId = rootId;
    this.#root = `session:${session}`;
  }

  /** XState does not catch what an observer throws: watching must not change what is watched. */
  next(event: InspectionEvent): void {
    try {
      this.#note(event);
    } catch {
      // What cannot be understood is not noted.
    }
  }

  #note(seen: InspectionEvent): void {
    const actorRef = seen.actorRef as AnyActorRef;
    const about = this.#partyOf(actorRef);
    switch (seen.type) {
      case '@xstate.event':
        if (isOwnLife(seen.event.type) || (isRoutineEvent(seen.event.type) && this.#hub.skips(about))) return;
        return this.#event(about, seen.event, seen.sourceRef as AnyActorRef | undefined);
      case '@xstate.microstep': {
        const steps = this.#took.get(actorRef.sessionId);
        const edges = seen._transitions as unknown as Edge[];
        // One step is the rule, and its list is XState's own: it is joined, never added to.
        this.#took.set(actorRef.sessionId, steps === undefined ? edges : [...steps, ...edges]);
        return;
      }
      case '@xstate.action':
        if (seen.action.type.startsWith('xstate.')) return;
        if (isRoutineEvent(seen.action.type) && this.#hub.skips(about)) return;
        this.#tell(about, null, {
          kind: 'action',
          action: seen.action.type,
          params: seen.action.params ?? null,
        });
        return;
      case '@xstate.snapshot':
        return this.#snapshot(about, actorRef, seen.event, seen.snapshot as AnyMachineSnapshot);
      default:
        return;
    }
  }

  #event(about: EntityId, event: Caused, source: AnyActorRef | undefined): void {
    const cause = causeOf(event);
    let from: EntityId | null = null;
    if (event.type.startsWith('xstate.after.')) from = 'clock';
    else if (source !== undefined) from = this.#partyOf(source);
    else if (cause?.startsWith('runner:')) from = 'runner';
    else if (about !== this.#root) from = this.#root;
    this.#tell(about, cause, { kind: 'event', from, event });
  }

  #snapshot(about: EntityId, actor: AnyActorRef, event: Caused, snapshot: AnyMachineSnapshot): void {
    const took = this.#took.get(actor.sessionId) ?? [];
    this.#took.delete(actor.sessionId);
    const isOver = snapshot.status !== 'active';
    if (!isOver && isRoutineEvent(event.type) && this.#hub.skips(about)) return;
    const cause = causeOf(event);
    const machine = machineOf(actor);
    const value = valueOf(snapshot);
    if (isOver) this.#parties.delete(actor.sessionId);
    if (event.type === 'xstate.stop') return this.#tell(about, cause, { kind: 'stop', reason: 'stopped' });
    if (event.type === 'xstate.init') this.#tell(about, cause, { kind: 'spawn', machine, value });
    const context = snapshot.context as object;
    this.#tell(about, cause, { kind: 'transition', machine, event: event.type, value, took, context });
    if (snapshot.status === 'done' || snapshot.status === 'error') {
      this.#tell(about, cause, { kind: 'stop', reason: snapshot.status });
    }
  }

  #tell(about: EntityId, cause: string | null, note: Parameters<Hub['note']>[3]): void {
    this.#hub.note(about, this.#session, cause, note);
  }

  #partyOf(actor: AnyActorRef): EntityId {
    const known = this.#parties.get(actor.sessionId);
    if (known !== undefined) return known;
    const party: EntityId = actor.sessionId === this.#rootId ? this.#root : `download:${actor.id}`;
    this.#parties.set(actor.sessionId, party);
    return party;
  }
}

/** Told as `spawn` and `stop`. */
function isOwnLife(type: string): boolean {
  return type === 'xstate.init' || type === 'xstate.stop';
}

function causeOf({ cause }: Caused): string | null {
  return typeof cause === 'string' ? cause : null;
}

function machineOf(actor: AnyActorRef): string {
  return (actor as { logic?: { id?: string } }).logic?.id ?? 'unknown';
}

function valueOf(snapshot: unknown): unknown {
  return (snapshot as { value?: unknown }).value ?? null;
}
