/**
 * Records XState's inspection events. It gets every session's root actor when that starts, but holds it weakly and does
 * not inspect it until there are readers.
 */
import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent, Subscription } from 'xstate';
import type { DownloadRow } from '../../actors/download/row.ts';
import type { EntityId } from '../../protocol/inspection.ts';
import type { TransitionDefinition } from '../charts/transition-id.ts';
import type { Hub } from '../hub.ts';
import { isRoutineEvent } from '../record.ts';

/** A download that is an actor in memory now. */
export interface LiveDownload {
  row: DownloadRow;
  value: unknown;
}

type EventWithCause = { type: string; cause?: unknown };

export class MachineTap {
  readonly #roots = new Map<string, WeakRef<AnyActorRef>>();
  readonly #collectedRoots = new FinalizationRegistry<string>((session) => {
    if (this.#roots.get(session)?.deref() === undefined) this.#roots.delete(session);
  });
  #subscriptions = new WeakMap<AnyActorRef, Subscription>();
  #hub: Hub | null = null;

  /** As `SessionEnv.machinesStarted`. */
  onStarted(session: string, root: AnyActorRef): void {
    this.#roots.set(session, new WeakRef(root));
    this.#collectedRoots.register(root, session);
    if (this.#hub === null) return;
    this.#hub.record(`session:${session}`, session, null, {
      kind: 'spawn',
      machine: machineId(root),
      value: stateValue(root.getSnapshot()),
    });
    this.#watch(this.#hub, session, root);
  }

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

  /** The downloads of a session that are actors now, read outside any turn. */
  liveDownloads(session: string): LiveDownload[] {
    const root = this.#roots.get(session)?.deref();
    if (root === undefined) return [];
    const { children } = root.getSnapshot() as { children: Record<string, AnyActorRef | undefined> };
    return Object.values(children).flatMap((child) => {
      const snapshot = child?.getSnapshot() as AnyMachineSnapshot | undefined;
      const row = (snapshot?.context as { row?: DownloadRow } | undefined)?.row;
      if (snapshot === undefined || row === undefined) return [];
      return { row, value: stateValue(snapshot) };
    });
  }

  #watch(hub: Hub, session: string, root: AnyActorRef): void {
    const observer = new SystemObserver(hub, session, root.sessionId);
    this.#subscriptions.set(root, root.system.inspect(observer));
  }
}

/** Observes one session's actors. Their system holds it, so it lives as long as they do. */
class SystemObserver {
  readonly #hub: Hub;
  readonly #session: string;
  readonly #rootId: string;
  readonly #root: EntityId;
  /** By XState's session id, so that an id is built once and not with each event. */
  readonly #entityIds = new Map<string, EntityId>();
  /** Transitions taken so far for the event being handled, by XState's session id. */
  readonly #took = new Map<string, TransitionDefinition[]>();

  constructor(hub: Hub, session: string, rootId: string) {
    this.#hub = hub;
    this.#session = session;
    this.#rootId = rootId;
    this.#root = `session:${session}`;
  }

  /** XState does not catch what an observer throws, and observing must not change what is observed. */
  next(event: InspectionEvent): void {
    try {
      this.#handle(event);
    } catch {
      // An event that cannot be read is not recorded.
    }
  }

  #handle(inspected: InspectionEvent): void {
    const actorRef = inspected.actorRef as AnyActorRef;
    const about = this.#entityIdOf(actorRef);
    switch (inspected.type) {
      case '@xstate.event':
        if (isLifecycleEvent(inspected.event.type)) return;
        if (isRoutineEvent(inspected.event.type) && this.#hub.skipRoutine(about)) return;
        return this.#event(about, inspected.event, inspected.sourceRef as AnyActorRef | undefined);
      case '@xstate.microstep': {
        const steps = this.#took.get(actorRef.sessionId);
        const edges = inspected._transitions as unknown as TransitionDefinition[];
        // Usually there is one step, and its array belongs to XState: it must not be modified.
        this.#took.set(actorRef.sessionId, steps === undefined ? edges : [...steps, ...edges]);
        return;
      }
      case '@xstate.action':
        if (inspected.action.type.startsWith('xstate.')) return;
        if (isRoutineEvent(inspected.action.type) && this.#hub.skipRoutine(about)) return;
        this.#record(about, null, {
          kind: 'action',
          action: inspected.action.type,
          params: inspected.action.params ?? null,
        });
        return;
      case '@xstate.snapshot':
        return this.#snapshot(about, actorRef, inspected.event, inspected.snapshot as AnyMachineSnapshot);
      default:
        return;
    }
  }

  #event(about: EntityId, event: EventWithCause, source: AnyActorRef | undefined): void {
    const cause = causeOf(event);
    let from: EntityId | null = null;
    if (event.type.startsWith('xstate.after.')) from = 'clock';
    else if (source !== undefined) from = this.#entityIdOf(source);
    else if (cause?.startsWith('runner:')) from = 'runner';
    else if (about !== this.#root) from = this.#root;
    this.#record(about, cause, { kind: 'event', from, event });
  }

  #snapshot(about: EntityId, actor: AnyActorRef, event: EventWithCause, snapshot: AnyMachineSnapshot): void {
    const took = this.#took.get(actor.sessionId) ?? [];
    this.#took.delete(actor.sessionId);
    const isOver = snapshot.status !== 'active';
    if (!isOver && isRoutineEvent(event.type) && this.#hub.skipRoutine(about)) return;
    const cause = causeOf(event);
    const machine = machineId(actor);
    const value = stateValue(snapshot);
    if (isOver) this.#entityIds.delete(actor.sessionId);
    if (event.type === 'xstate.stop') return this.#record(about, cause, { kind: 'stop', reason: 'stopped' });
    if (event.type === 'xstate.init') this.#record(about, cause, { kind: 'spawn', machine, value });
    const context = snapshot.context as object;
    this.#record(about, cause, { kind: 'transition', machine, event: event.type, value, took, context });
    if (snapshot.status === 'done' || snapshot.status === 'error') {
      this.#record(about, cause, { kind: 'stop', reason: snapshot.status });
    }
  }

  #record(about: EntityId, cause: string | null, body: Parameters<Hub['record']>[3]): void {
    this.#hub.record(about, this.#session, cause, body);
  }

  #entityIdOf(actor: AnyActorRef): EntityId {
    const known = this.#entityIds.get(actor.sessionId);
    if (known !== undefined) return known;
    const id: EntityId = actor.sessionId === this.#rootId ? this.#root : `download:${actor.id}`;
    this.#entityIds.set(actor.sessionId, id);
    return id;
  }
}

/** Recorded as `spawn` and `stop`. */
function isLifecycleEvent(type: string): boolean {
  return type === 'xstate.init' || type === 'xstate.stop';
}

function causeOf({ cause }: EventWithCause): string | null {
  return typeof cause === 'string' ? cause : null;
}

function machineId(actor: AnyActorRef): string {
  return (actor as { logic?: { id?: string } }).logic?.id ?? 'unknown';
}

function stateValue(snapshot: unknown): unknown {
  return (snapshot as { value?: unknown }).value ?? null;
}
