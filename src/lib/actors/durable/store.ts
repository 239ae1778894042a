/**
 * The port between the host and what keeps its rows: synchronous, one open write transaction over all objects.
 * A write begins it, `commit` ends it. `storage.server.ts` is the real one; tests put faults in between.
 */
import type { KeyRange } from './keys.ts';

export interface ActorName {
  class: string;
  id: string;
}

export interface AlarmRow {
  /** Epoch ms. */
  at: number;
  /** Failed tries so far. */
  retries: number;
}

export interface DueAlarm extends ActorName, AlarmRow {}

/** The rows of one object. Reads see what was written, committed or not. */
export interface ActorRows {
  get(key: string): string | undefined;
  put(key: string, text: string): void;
  delete(key: string): boolean;
  /** In the order of the range; its `limit` is the caller's business. To be read to the end, or left, at once. */
  list(range: Pick<KeyRange, 'lower' | 'upper' | 'reverse'>): Iterable<[key: string, text: string]>;
  /** The bytes of keys and values after a key, of `limit` entries at most; `last` = the last of them, null = none. */
  size(after: string, limit: number): { bytes: number; last: string | null };
  getAlarm(): AlarmRow | null;
  setAlarm(alarm: AlarmRow | null): void;
}

/** Methods that write throw SluiceError `disk_full`, `disk_error`, `disk_read_only` or `store_corrupt`. */
export interface Store {
  /** Something is written and not yet committed. */
  readonly isDirty: boolean;
  /** Writes since the last commit. */
  readonly writes: number;
  rows(name: ActorName): ActorRows;
  /** What `work` wrote is taken back when it throws. May be nested; costs nothing when nothing is written. */
  attempt<T>(work: () => T): T;
  /** When it throws nothing has changed on disk: call `rollback` then. */
  commit(): void;
  /** Forgets what is not committed. Handles from `rows` stay good. */
  rollback(): void;
  /** The earliest alarms, soonest first. */
  alarms(limit: number): DueAlarm[];
  /** Ids with stored rows, in order, after `after`. */
  ids(className: string, after: string, limit: number): string[];
  /** Commits nothing: the host has. Checkpoints and lets go of the data dir. */
  close(): void;
}
