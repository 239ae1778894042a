/** The embedded host's events for listeners. */
import { Listeners } from '../../protocol/listeners.ts';
import type { ActorEvent, Turn } from './events.ts';
import type { ActorName } from './store.ts';

export type HostEvent =
  /**
   * `given-up`: the handler has returned a promise; a second event follows when it settles. `queued`: events that wait
   * behind it. `socket`, here and below: identifies the socket; null without one.
   */
  | {
      type: 'turn';
      actor: ActorName;
      event: ActorEvent['type'];
      socket: object | null;
      method: string | null;
      outcome: 'done' | 'given-up' | 'refused' | 'reset';
      durationMs: number;
      queued: number;
    }
  | { type: 'commit'; outcome: 'done' | 'failed'; actors: ActorName[]; writes: number; durationMs: number }
  | {
      type: 'alarm';
      actor: ActorName;
      outcome: 'fired' | 'done' | 'retry' | 'dropped';
      retries: number;
      lateMs: number;
    }
  | { type: 'wake' | 'evict'; actor: ActorName }
  | { type: 'reset'; actor: ActorName; error: unknown }
  | { type: 'socket-open'; actor: ActorName; socket: object }
  | { type: 'socket-close'; actor: ActorName; socket: object; code: number }
  /** `bytes`: UTF-16 units for text. `text`: null for bytes. */
  | {
      type: 'frame';
      actor: ActorName;
      socket: object;
      direction: 'in' | 'out';
      bytes: number;
      text: string | null;
    };

export type HostListener = (event: HostEvent) => void;

export class Observers extends Listeners<HostEvent> {
  frame(
    actor: ActorName,
    socket: object,
    direction: 'in' | 'out',
    frame: string | ArrayBuffer | Uint8Array,
  ): void {
    if (!this.isWatched) return;
    const text = typeof frame === 'string' ? frame : null;
    const bytes = typeof frame === 'string' ? frame.length : frame.byteLength;
    this.emit({ type: 'frame', actor, socket, direction, bytes, text });
  }

  /** @param queued events that wait behind it */
  turn(
    actor: ActorName,
    { event, startedAt }: Turn,
    outcome: Extract<HostEvent, { type: 'turn' }>['outcome'],
    queued: number,
  ): void {
    if (!this.isWatched) return;
    this.emit({
      type: 'turn',
      actor,
      event: event.type,
      socket: 'socket' in event ? event.socket : null,
      method: event.type === 'call' ? event.method : null,
      outcome,
      durationMs: startedAt === null ? 0 : performance.now() - startedAt,
      queued,
    });
  }
}
