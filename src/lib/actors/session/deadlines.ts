/**
 * An actor has one alarm, a session many deadlines. They are stored under `due/TIME/NAME/DELAY/SETFOR`, and the alarm is
 * set to the earliest. The time of the alarm is kept in memory, as `getAlarm` is asynchronous and would end the turn.
 *
 * The delay is stored beside the time, so that nothing waits longer where the clock is set back. (Earlier versions left
 * it out, and ignore it.)
 */
import type { DurableStorage } from '../durable/types.ts';

export interface DueDeadline {
  name: string;
  /** The time for which it was set, ms since 1970; it was moved where the clock was set back. */
  setFor: number;
}

/** Deadlines in one turn: each is a delete and may start a download, five writes. */
const BATCH = 12;
/** Deadlines that one turn checks after the clock may have been set back, and that it moves: two writes each. */
const LOOKED_AT = 200;
const MOVED = 15;

export class Deadlines {
  readonly #storage: Pick<DurableStorage, 'kv' | 'setAlarm'>;
  readonly #now: () => number;

  /** ms since 1970; null = not set in this activation. */
  #alarmAt: number | null = null;
  /** The latest that the clock has shown; null = nothing was set or taken in this activation. */
  #lastNow: number | null = null;
  /** The last key that was checked after the clock may have been set back; null = all were. */
  #lookedTo: string | null = null;
  /** How far the clock was set back since the unchecked deadlines were set, ms; null = not known. */
  #setBackMs: number | null = null;

  constructor(storage: Pick<DurableStorage, 'kv' | 'setAlarm'>, now: () => number) {
    this.#storage = storage;
    this.#now = now;
  }

  /** The clock may have been set back since they were stored. */
  restore(): void {
    const now = this.#readClock();
    if (this.#moveSome(now) || this.#lookedTo !== null) this.#setAlarm(now);
  }

  /** @param at ms since 1970 */
  set(name: string, at: number): void {
    const now = this.#readClock();
    this.#put(name, at, Math.max(0, at - now), at);
    const next = this.#lookedTo === null ? at : now;
    if (this.#alarmAt === null || this.#alarmAt > next) this.#setAlarm(now);
  }

  /**
   * Removes and returns due deadlines, earliest first. None in a turn that moves some: both would be too many writes.
   * @param expectedNow what the clock would show had it not been set back; undefined = it was not, or nobody knows
   */
  takeDue(expectedNow?: number): DueDeadline[] {
    const now = this.#readClock();
    if (expectedNow !== undefined) this.#setBackMs = expectedNow - now;
    const { kv } = this.#storage;
    const range = { prefix: 'due/', end: `due/${timeKey(now + 1)}`, limit: BATCH };
    const due = this.#moveSome(now) ? [] : [...kv.list<string>(range)];
    for (const [dueKey] of due) kv.delete(dueKey);
    this.#setAlarm(now);
    return due.map(([dueKey, name]) => ({ name, setFor: partsOf(dueKey).setFor }));
  }

  /** The current time. If it is earlier than before, all later deadlines have to be checked. */
  #readClock(): number {
    const now = this.#now();
    if (this.#lastNow === null || now < this.#lastNow) {
      this.#lookedTo = `due/${timeKey(now + 1)}`;
      this.#setBackMs = null;
    }
    this.#lastNow = now;
    return now;
  }

  /**
   * Moves the next deadlines that were set by the old clock. Moved ones sort before the unchecked ones.
   * @returns whether there were any
   */
  #moveSome(now: number): boolean {
    if (this.#lookedTo === null) return false;
    const { kv } = this.#storage;
    const later = [...kv.list<string>({ prefix: 'due/', startAfter: this.#lookedTo, limit: LOOKED_AT })];
    const late = later.flatMap(([key, name]) => {
      const { at, delay, setFor } = partsOf(key);
      return delay !== null && now < at - delay ? [{ key, name, at, delay, setFor }] : [];
    });
    const moved = late.slice(0, MOVED);
    const expectedNow = this.#setBackMs === null ? null : now + this.#setBackMs;
    for (const { key, name, at, delay, setFor } of moved) {
      const left = expectedNow === null ? delay : Math.min(delay, Math.max(0, at - expectedNow));
      kv.delete(key);
      this.#put(name, now + left, left, setFor);
    }
    if (late.length > moved.length) this.#lookedTo = moved.at(-1)?.key ?? null;
    else this.#lookedTo = later.length === LOOKED_AT ? (later.at(-1)?.[0] ?? null) : null;
    if (this.#lookedTo === null) this.#setBackMs = null;
    return moved.length > 0;
  }

  #put(name: string, at: number, delay: number, setFor: number): void {
    this.#storage.kv.put(`due/${timeKey(at)}/${name}/${Math.ceil(delay)}/${setFor}`, name);
  }

  /** To the earliest; to now while some are unchecked. */
  #setAlarm(now: number): void {
    const [next] = [...this.#storage.kv.list({ prefix: 'due/', limit: 1 })];
    const isBehind = this.#lookedTo !== null;
    this.#alarmAt = isBehind ? now : next === undefined ? null : partsOf(next[0]).at;
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
