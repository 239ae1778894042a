/**
 * An actor has one alarm, a session many deadlines. They are stored under `due/TIME/NAME`, and the alarm is set to the
 * earliest. The time of the alarm is kept in memory, as `getAlarm` is asynchronous and would end the turn.
 */
import type { DurableStorage } from '../durable/types.ts';

/** Deadlines in one turn: each is a delete and may start a download, five writes. */
const BATCH = 12;

export class Deadlines {
  readonly #storage: Pick<DurableStorage, 'kv' | 'setAlarm'>;

  /** ms since 1970; null = not set in this activation. */
  #alarmAt: number | null = null;

  constructor(storage: Pick<DurableStorage, 'kv' | 'setAlarm'>) {
    this.#storage = storage;
  }

  /** @param at ms since 1970 */
  set(name: string, at: number): void {
    this.#storage.kv.put(key(name, at), name);
    if (this.#alarmAt === null || this.#alarmAt > at) this.#setAlarm();
  }

  /** Removes and returns the names of due deadlines, earliest first. */
  takeDue(now: number): string[] {
    const { kv } = this.#storage;
    const due = [...kv.list<string>({ prefix: 'due/', end: key('', now + 1), limit: BATCH })];
    for (const [dueKey] of due) kv.delete(dueKey);
    this.#setAlarm();
    return due.map(([, name]) => name);
  }

  #setAlarm(): void {
    const [next] = [...this.#storage.kv.list({ prefix: 'due/', limit: 1 })];
    this.#alarmAt = next === undefined ? null : timeOf(next[0]);
    if (this.#alarmAt !== null) void this.#storage.setAlarm(this.#alarmAt);
  }
}

/** 15 digits of ms: as text, keys sort by time until the year 33658. */
function key(name: string, at: number): string {
  return `due/${String(Math.ceil(at)).padStart(15, '0')}/${name}`;
}

function timeOf(deadlineKey: string): number {
  return Number(deadlineKey.split('/')[1]);
}
