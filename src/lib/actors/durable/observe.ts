/** What the embedded host tells whoever watches it. Nothing is built or measured while nobody does. */
import { Listeners } from '../../protocol/listeners.ts';
import type { ActorEvent } from './events.ts';
import type { ActorName } from './store.ts';

export type HostEvent =
  /**
   * `given-up`: the handler waits for something else than storage and goes on later. `queued`: events that wait
   * behind it. `socket`, here and below: which of them, and nothing else; null when it came by none.
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

export class Observers extends Listeners<HostEvent> {}
