/** Delivers due alarms. None is lost: an alarm is deleted in the same commit as its effect. */
import { toSluiceError } from '../../protocol/error.ts';
import { ALARM_RETRY_MS, alarmRetryDelayMs, AlarmTimer } from './alarms.ts';
import type { ActorHandle, Alarms, Scheduler } from './ports.ts';
import type { ActorName, AlarmRow, DueAlarm } from './store.ts';

/** Alarms delivered at once: after a long downtime thousands may be due. */
const MOST_AT_ONCE = 64;

/** Each object is asked, as times of the old clock say nothing any more: it knows how long it was to wait. */
interface SetBack {
  /** How far the clock was set back, ms. */
  byMs: number;
  /** Alarms still to be delivered; null = not read yet. */
  alarms: DueAlarm[] | null;
  /** Delivered and not handled yet. */
  delivered: Set<string>;
}

/** What the dispatcher needs of the scheduler. */
export interface AlarmScheduler extends Scheduler {
  has(className: string): boolean;
  actor(name: ActorName): ActorHandle;
}

export class AlarmDispatcher implements Alarms {
  readonly #scheduler: AlarmScheduler;
  readonly #random: () => number;
  readonly #timer: AlarmTimer;
  /** Alarms that are delivered and not handled yet, and those of unknown classes. */
  readonly #busy = new Set<string>();
  /** Set after a failed commit: retrying at once would fail again. */
  #pausedUntil = 0;
  #isRunning = false;
  /** Since the clock was set back, until what the objects did about it is committed. */
  #setBack: SetBack | null = null;

  constructor(scheduler: AlarmScheduler, random: () => number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#timer = new AlarmTimer(
      scheduler.clock,
      () => {
        if (this.#setBack?.alarms === null) return this.#pausedUntil;
        const earliest = this.#earliest(1);
        if (earliest === null) return this.#pausedUntil;
        const [next] = earliest;
        return next === undefined ? null : Math.max(next.at, this.#pausedUntil);
      },
      () => {
        if (this.#setBack?.alarms === null) this.#ringEarly();
        else this.#ring();
      },
      (expectedNow) => {
        this.#pausedUntil = 0;
        this.#setBack = { byMs: expectedNow - scheduler.clock.now(), alarms: null, delivered: new Set() };
        this.#ringEarly();
      },
    );
  }

  start(): void {
    this.#isRunning = true;
    this.refresh();
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** Call after every change of an alarm. */
  refresh(): void {
    if (this.#isRunning) this.#timer.refresh();
  }

  /** After a failed commit. */
  pause(): void {
    this.#pausedUntil = this.#scheduler.clock.now() + ALARM_RETRY_MS;
    // What they did is taken back: all are asked again.
    if (this.#setBack !== null) this.#setBack.alarms = null;
  }

  /** After a successful commit. */
  committed(): void {
    const setBack = this.#setBack;
    if (setBack?.alarms?.length === 0 && setBack.delivered.size === 0) this.#setBack = null;
  }

  #earliest(count: number): DueAlarm[] | null {
    const found = this.#read(this.#busy.size + count);
    return found?.filter((alarm) => !this.#busy.has(keyOf(alarm))) ?? null;
  }

  /** Null while the store cannot be read, as on a disk that gives errors, which its commits report: tried again later. */
  #read(count: number): DueAlarm[] | null {
    try {
      return this.#scheduler.store.alarms(count);
    } catch {
      this.pause();
      return null;
    }
  }

  #ring(): void {
    const now = this.#scheduler.clock.now();
    for (const { class: className, id, at, retries } of this.#earliest(MOST_AT_ONCE) ?? []) {
      if (at > now) break;
      this.#deliver({ class: className, id }, { at, retries });
    }
  }

  /** After the clock was set back: all alarms. */
  #ringEarly(): void {
    if (this.#setBack === null) return;
    // Where they cannot be read, the timer comes back to it.
    this.#setBack.alarms = this.#read(Number.MAX_SAFE_INTEGER);
    this.#ringSomeEarly();
  }

  #ringSomeEarly(): void {
    if (!this.#setBack?.alarms) return;
    const { alarms, byMs, delivered } = this.#setBack;
    const expectedNow = this.#scheduler.clock.now() + byMs;
    for (const { class: className, id, at, retries } of alarms.splice(0, MOST_AT_ONCE)) {
      const name: ActorName = { class: className, id };
      if (this.#busy.has(keyOf(name))) continue;
      delivered.add(keyOf(name));
      this.#deliver(name, { at, retries }, expectedNow);
    }
    if (alarms.length === 0) return;
    this.#scheduler.clock.setTimeout(() => this.#isRunning && this.#ringSomeEarly(), 0);
  }

  #deliver(name: ActorName, row: AlarmRow, expectedNow?: number): void {
    this.#busy.add(keyOf(name));
    if (!this.#scheduler.has(name.class)) {
      this.#scheduler.report(new TypeError(`An alarm is due for the unknown class ${name.class}.`), name);
      return;
    }
    const setBack = expectedNow === undefined ? {} : { expectedNow };
    this.#scheduler.actor(name).deliver({ type: 'alarm', row, ...setBack });
  }

  fired(actor: ActorHandle, row: AlarmRow): void {
    this.#observe(actor, 'fired', row);
  }

  done(actor: ActorHandle, row: AlarmRow, hasRun: boolean): void {
    this.#delivered(actor);
    if (hasRun) this.#observe(actor, 'done', row);
  }

  failed(actor: ActorHandle, row: AlarmRow, hasThrown: boolean): void {
    this.#delivered(actor);
    if (!hasThrown) return this.pause();
    const scheduler = this.#scheduler;
    try {
      const now = actor.rows.getAlarm();
      // It was moved meanwhile: keep the new time.
      if (now?.at !== row.at || now.retries !== row.retries) return;
      const delayMs = alarmRetryDelayMs(row.retries + 1, this.#random());
      scheduler.touched(actor);
      if (delayMs === null) {
        actor.rows.setAlarm(null);
        this.#observe(actor, 'dropped', row);
        scheduler.report(new Error(`An alarm failed ${row.retries + 1} times and is dropped.`), actor.name);
      } else {
        actor.rows.setAlarm({ at: scheduler.clock.now() + delayMs, retries: row.retries + 1 });
        this.#observe(actor, 'retry', row);
      }
    } catch (error) {
      scheduler.storeFailed(toSluiceError(error));
    }
  }

  #delivered(actor: ActorHandle): void {
    if (!this.#busy.delete(keyOf(actor.name))) return;
    this.#setBack?.delivered.delete(keyOf(actor.name));
    queueMicrotask(() => {
      this.refresh();
    });
  }

  #observe(actor: ActorHandle, outcome: 'fired' | 'done' | 'retry' | 'dropped', row: AlarmRow): void {
    const { observers, clock } = this.#scheduler;
    if (!observers.isWatched) return;
    const lateMs = clock.now() - row.at;
    observers.emit({ type: 'alarm', actor: actor.name, outcome, retries: row.retries, lateMs });
  }
}

function keyOf({ class: className, id }: ActorName): string {
  return `${className}\0${id}`;
}
