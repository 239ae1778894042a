/** What can be seen of objects from outside, between turns: nothing is woken by it, and nothing waits for it. */
import type { Actor } from './actor.ts';
import { readList, readValue } from './read.ts';
import type { ActorRows } from './store.ts';
import type { ListOptions } from './types.ts';

/** An object that has something in memory. */
export interface Present {
  id: string;
  isLive: boolean;
  /** Events that wait. */
  waiting: number;
  sockets: number;
}

/** What is stored of one object, that which is not committed yet included. */
export interface Stored {
  /** Epoch ms. */
  readonly alarmAt: number | null;
  get<T = unknown>(key: string): T | undefined;
  list<T = unknown>(options?: ListOptions): [key: string, value: T][];
  /** As `ActorRows.size`. */
  size(after: string, limit: number): { bytes: number; last: string | null };
}

export function present({ name, isActive, waiting, sockets }: Actor): Present {
  return { id: name.id, isLive: isActive, waiting, sockets: sockets.length };
}

export function stored(rows: ActorRows): Stored {
  return {
    get alarmAt() {
      return rows.getAlarm()?.at ?? null;
    },
    get: (key) => readValue(rows, key),
    list: (options) => readList(rows, options),
    size: (after, limit) => rows.size(after, limit),
  };
}
