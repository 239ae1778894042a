/** Records the object host's events. */
import type { HostEvent, HostListener } from '../../actors/durable/observe.ts';
import type { EntityId } from '../../protocol/inspection.ts';
import type { Hub } from '../hub.ts';
import { isRoutineTurn } from '../record.ts';

/** The part of the host that is used here. */
interface ObservableHost {
  observe(listener: HostListener): () => void;
}

type TurnEvent = Extract<HostEvent, { type: 'turn' }>;

export class HostTap {
  readonly #host: ObservableHost;
  readonly #sockets = new WeakMap<object, EntityId>();
  #lastSocket = 0;

  constructor(host: ObservableHost) {
    this.#host = host;
  }

  attach(hub: Hub): () => void {
    return this.#host.observe((event) => this.#handle(hub, event));
  }

  #handle(hub: Hub, event: HostEvent): void {
    if (event.type === 'commit') {
      const { outcome, writes, durationMs } = event;
      const sessions = event.actors.map(({ id }) => id);
      hub.record('store', null, null, { kind: 'commit', outcome, sessions, writes, durationMs });
      return;
    }
    const session = event.actor.id;
    const about: EntityId = `session:${session}`;
    switch (event.type) {
      case 'turn': {
        const { outcome, durationMs, queued: waiting } = event;
        const name = event.method ?? event.event;
        if (isRoutineTurn(name, outcome) && hub.skipRoutine(about)) return;
        const [from, cause] = this.#originOf(event);
        hub.record(about, session, cause, { kind: 'turn', from, event: name, outcome, durationMs, waiting });
        return;
      }
      case 'alarm': {
        const { outcome: what, retries, lateMs } = event;
        hub.record(about, session, 'alarm', { kind: 'alarm', what, retries, lateMs });
        return;
      }
      case 'wake':
      case 'evict':
        hub.record(about, session, null, { kind: 'life', what: event.type, error: null });
        return;
      case 'reset':
        hub.record(about, session, null, { kind: 'life', what: 'reset', error: event.error });
        return;
      case 'socket-open':
        hub.record(
          this.#clientId(event.socket),
          session,
          null,
          { kind: 'socket', what: 'open', code: null },
          about,
        );
        return;
      case 'socket-close': {
        const { socket, code } = event;
        hub.record(this.#clientId(socket), session, null, { kind: 'socket', what: 'close', code }, about);
        return;
      }
      case 'frame': {
        const { socket, direction, bytes, text } = event;
        hub.record(this.#clientId(socket), session, null, { kind: 'frame', direction, bytes, text }, about);
        return;
      }
    }
  }

  /** What caused a turn. */
  #originOf({ event, method, socket }: TurnEvent): [from: EntityId | null, cause: string | null] {
    if (socket !== null) return [this.#clientId(socket), event];
    if (event === 'fetch') return ['client:http', 'http'];
    if (event === 'alarm') return ['clock', 'alarm'];
    return method === 'runnerEvents' ? ['runner', 'runner'] : ['host', method];
  }

  /** Sockets are numbered in the order in which they are first seen. */
  #clientId(socket: object): EntityId {
    const known = this.#sockets.get(socket);
    if (known !== undefined) return known;
    const id: EntityId = `client:${++this.#lastSocket}`;
    this.#sockets.set(socket, id);
    return id;
  }
}
