/** Delivers due alarms. None is lost: an alarm is deleted in the same commit as its effect. */
import { toSluiceError } from '../../protocol/error.ts';
import { ALARM_RETRY_MS, alarmRetryDelayMs, AlarmTimer } from './alarms.ts';
import type { ActorHandle, Alarms, Scheduler } from './ports.ts';
import type { ActorName, AlarmRow, DueAlarm } from './store.ts';

/** Alarms delivered at once: after a long downtime thousands may be due. */
const MOST_AT_ONCE = 64;

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
  /** Alarms still to be delivered since the clock was set back, and what it would show at that moment otherwise. */
  #early: { alarms: DueAlarm[]; expectedNow: number } | null = null;

  constructor(scheduler: AlarmScheduler, random: () => number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#timer = new AlarmTimer(
      scheduler.clock,
      () => {
        const earliest = this.#earliest(1);
        if (earliest === null) return this.#pausedUntil;
        const [next] = earliest;
        return next === undefined ? null : Math.max(next.at, this.#pausedUntil);
      },
      () => {
        this.#ring();
      },
      (expectedNow) => {
        this.#pausedUntil = 0;
        // Each knows how long it was to wait: all are asked, as times of the old clock say nothing any more.
        this.#early = { alarms: this.#read(Number.MAX_SAFE_INTEGER) ?? [], expectedNow };
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

  pause(): void {
    this.#pausedUntil = this.#scheduler.clock.now() + ALARM_RETRY_MS;
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

  /** After the clock was set back: all alarms, a few at a time. */
  #ringEarly(): void {
    const early = this.#early;
    if (early === null) return;
    for (const { class: className, id, at, retries } of early.alarms.splice(0, MOST_AT_ONCE)) {
      const name: ActorName = { class: className, id };
      if (!this.#busy.has(keyOf(name))) this.#deliver(name, { at, retries }, early.expectedNow);
    }
    if (early.alarms.length === 0) this.#early = null;
    else this.#scheduler.clock.setTimeout(() => this.#isRunning && this.#ringEarly(), 0);
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
