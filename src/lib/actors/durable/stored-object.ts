/** Reads objects from outside, between turns, without waking them. */
import type { Actor } from './actor.ts';
import { readList, readValue } from './read.ts';
import type { ActorRows } from './store.ts';
import type { KvListOptions } from './types.ts';

/** An object with state in memory. */
export interface LoadedObject {
  id: string;
  isLive: boolean;
  /** Events that wait. */
  waiting: number;
  sockets: number;
}

/** The storage of one object, including uncommitted writes. */
export interface StoredObject {
  /** Epoch ms. */
  readonly alarmAt: number | null;
  get<T = unknown>(key: string): T | undefined;
  list<T = unknown>(options?: KvListOptions): [key: string, value: T][];
  /** As `ActorRows.size`. */
  size(after: string, limit: number): { bytes: number; last: string | null };
}

export function loadedObject({ name, isActive, waiting, sockets }: Actor): LoadedObject {
  return { id: name.id, isLive: isActive, waiting, sockets: sockets.length };
}

export function storedObject(rows: ActorRows): StoredObject {
  return {
    get alarmAt() {
      return rows.getAlarm()?.at ?? null;
    },
    get: (key) => readValue(rows, key),
    list: (options) => readList(rows, options),
    size: (after, limit) => rows.size(after, limit),
  };
}
