/**
/**
 * An actor has one alarm, a session many deadlines. They are stored under `due/TIME/NAME/DELAY/SETFOR`, and the alarm is
 * set to the earliest. The time of the alarm is kept in memory, as `getAlarm` is asynchronous and would end the turn.
 *
 * The delay is stored beside the time, so that nothing waits longer where the clock is set back. (Earlier versions left
 * it out, and do not look at it.)
 */
import type { DurableStorage } from '../durable/types.ts';

export interface Due {
  name: string;
  /** The time for which it was set, ms since 1970; it was moved where the clock was set back. */
  setFor: number;
}

/** Deadlines in one turn: each is a delete and may start a download, five writes. */
const BATCH = 12;
/** Deadlines that are looked at when the clock may have been set back, and those that are moved: two writes each. */
const LOOKED_AT = 200;
const MOVED = 15;

export class Deadlines {
  readonly #storage: Pick<DurableStorage, 'kv' | 'setAlarm'>;
  readonly #now: () => number;

  /** ms since 1970; null = not set in this activation. */
  #alarmAt: number | null = null;
  /** The latest that the clock has shown; null = nothing was set or taken in this activation. */
  #lastNow: number | null = null;

  constructor(storage: Pick<DurableStorage, 'kv' | 'setAlarm'>, now: () => number) {
    this.#storage = storage;
    this.#now = now;
  }

  /** The clock may have been set back since they were stored. */
  wake(): void {
    this.#look();
  }

  /** @param at ms since 1970 */
  set(name: string, at: number): void {
    const now = this.#look();
    this.#put(name, at, Math.max(0, at - now), at);
    if (this.#alarmAt === null || this.#alarmAt > at) this.#setAlarm();
  }

  /**
   * Removes and returns due deadlines, earliest first.
   * @param expectedNow what the clock would show had it not been set back; undefined = it was not, or nobody knows
   */
  takeDue(expectedNow?: number): Due[] {
    const now = this.#look(expectedNow);
    const { kv } = this.#storage;
    const due = [...kv.list<string>({ prefix: 'due/', end: `due/${timeKey(now + 1)}`, limit: BATCH })];
    for (const [dueKey] of due) kv.delete(dueKey);
    this.#setAlarm();
    return due.map(([dueKey, name]) => ({ name, setFor: partsOf(dueKey).setFor }));
  }

  /** What the clock shows. Where that is less than before, what was set by the old time is moved. */
  #look(expectedNow?: number): number {
    const now = this.#now();
    const isSetBack = this.#lastNow === null || now < this.#lastNow;
    // Not all was moved: it is looked at again.
    if (isSetBack && this.#moveBack(now, expectedNow)) return now;
    this.#lastNow = now;
    return now;
  }

  /** @returns whether there may be more to move */
  #moveBack(now: number, expectedNow?: number): boolean {
    const range = { prefix: 'due/', start: `due/${timeKey(now + 1)}`, limit: LOOKED_AT };
    const later = [...this.#storage.kv.list<string>(range)];
    const late = later.flatMap(([key, name]) => {
      const { at, delay, setFor } = partsOf(key);
      return delay !== null && now < at - delay ? [{ key, name, at, delay, setFor }] : [];
    });
    for (const { key, name, at, delay, setFor } of late.slice(0, MOVED)) {
      const left = expectedNow === undefined ? delay : Math.min(delay, Math.max(0, at - expectedNow));
      this.#storage.kv.delete(key);
      this.#put(name, now + left, left, setFor);
    }
    if (late.length > 0) this.#setAlarm();
    return late.length > MOVED;
  }

  #put(name: string, at: number, delay: number, setFor: number): void {
    this.#storage.kv.put(`due/${timeKey(at)}/${name}/${Math.ceil(delay)}/${setFor}`, name);
  }

  #setAlarm(): void {
    const [next] = [...this.#storage.kv.list({ prefix: 'due/', limit: 1 })];
    this.#alarmAt = next === undefined ? null : partsOf(next[0]).at;
    if (this.#alarmAt !== null) void this.#storage.setAlarm(this.#alarmAt);
  }
}

/** 15 digits of ms: as text, keys sort by time until the year 33658. */
function timeKey(at: number): string {
  return String(Math.ceil(at)).padStart(15, '0');
}

/** `delay` null: an earlier version stored it. */
function partsOf(dueKey: string): { at: number; delay: number | null; setFor: number } {
  const [, time, , delay, setFor] = dueKey.split('/');
  const at = Number(time);
  return { at, delay: delay === undefined ? null : Number(delay), setFor: Number(setFor ?? time) };
}
