/** The object host's own events, as notes. */
import type { HostEvent, HostListener } from '../../actors/durable/observe.ts';
import type { EntityId } from '../../protocol/inspection.ts';
import type { Hub } from '../hub.ts';
import { isRoutineTurn } from '../note.ts';

/** What is needed of the host. */
export interface Observable {
  observe(listener: HostListener): () => void;
}

type TurnEvent = Extract<HostEvent, { type: 'turn' }>;

export class HostTap {
  readonly #host: Observable;
  readonly #sockets = new WeakMap<object, EntityId>();
  #lastSocket = 0;

  constructor(host: Observable) {
    this.#host = host;
  }

  /** As `Tap`. */
  attach(hub: Hub): () => void {
    return this.#host.observe((event) => this.#note(hub, event));
  }

  #note(hub: Hub, event: HostEvent): void {
    if (event.type === 'commit') {
      const { outcome, writes, durationMs } = event;
      const sessions = event.actors.map(({ id }) => id);
      hub.note('store', null, null, { kind: 'commit', outcome, sessions, writes, durationMs });
      return;
    }
    const session = event.actor.id;
    const about: EntityId = `session:${session}`;
    switch (event.type) {
      case 'turn': {
        const { outcome, durationMs, queued: waiting } = event;
        const name = event.method ?? event.event;
        if (isRoutineTurn(name, outcome) && hub.skips(about)) return;
        const [from, cause] = this.#originOf(event);
        hub.note(about, session, cause, { kind: 'turn', from, event: name, outcome, durationMs, waiting });
        return;
      }
      case 'alarm': {
        const { outcome: what, retries, lateMs } = event;
        hub.note(about, session, 'alarm', { kind: 'alarm', what, retries, lateMs });
        return;
      }
      case 'wake':
      case 'evict':
        hub.note(about, session, null, { kind: 'life', what: event.type, error: null });
        return;
      case 'reset':
        hub.note(about, session, null, { kind: 'life', what: 'reset', error: event.error });
        return;
      case 'socket-open':
        hub.note(
          this.#partyOf(event.socket),
          session,
          null,
          { kind: 'socket', what: 'open', code: null },
          about,
        );
        return;
      case 'socket-close': {
        const { socket, code } = event;
        hub.note(this.#partyOf(socket), session, null, { kind: 'socket', what: 'close', code }, about);
        return;
      }
      case 'frame': {
        const { socket, direction, bytes, text } = event;
        hub.note(this.#partyOf(socket), session, null, { kind: 'frame', direction, bytes, text }, about);
        return;
      }
    }
  }

  /** Who brought about a turn, and by what. */
  #originOf({ event, method, socket }: TurnEvent): [from: EntityId | null, cause: string | null] {
    if (socket !== null) return [this.#partyOf(socket), event];
    if (event === 'fetch') return ['client:http', 'http'];
    if (event === 'alarm') return ['clock', 'alarm'];
    return method === 'runnerEvents' ? ['runner', 'runner'] : ['host', method];
  }

  /** Numbered as they are first seen. */
  #partyOf(socket: object): EntityId {
    const known = this.#sockets.get(socket);
    if (known !== undefined) return known;
    const party: EntityId = `client:${++this.#lastSocket}`;
    this.#sockets.set(socket, party);
    return party;
  }
}
