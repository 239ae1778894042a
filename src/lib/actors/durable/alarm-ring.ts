/** Rings the objects whose alarm is due, and sees to it that none is lost: its row goes only with its effect. */
import { toSluiceError } from '../../protocol/error.ts';
import { ALARM_RETRY_MS, alarmRetryDelayMs, AlarmTimer } from './alarms.ts';
import type { Alarms, Loop, Resident } from './ports.ts';
import type { ActorName, AlarmRow, DueAlarm } from './store.ts';

/** Alarms handled at once: after a long stop thousands may be due. */
const MOST_AT_ONCE = 64;

/** What ringing takes of the loop. */
export interface RingLoop extends Loop {
  has(className: string): boolean;
  actor(name: ActorName): Resident;
}

export class AlarmRing implements Alarms {
  readonly #loop: RingLoop;
  readonly #random: () => number;
  readonly #timer: AlarmTimer;
  /** Being delivered or handled; and those of classes that this host does not have. */
  readonly #busy = new Set<string>();
  #handled = 0;
  /** After a failed commit: the rows are still there, and trying at once would only turn in circles. */
  #pausedUntil = 0;
  #isRunning = false;

  constructor(loop: RingLoop, random: () => number) {
    this.#loop = loop;
    this.#random = random;
    this.#timer = new AlarmTimer(
      loop.clock,
      () => this.#nextAt(),
      () => {
        this.#ring();
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

  /** After anything that may have changed when the next alarm is due. */
  refresh(): void {
    if (this.#isRunning) this.#timer.refresh();
  }

  pause(): void {
    this.#pausedUntil = this.#loop.clock.now() + ALARM_RETRY_MS;
  }

  #nextAt(): number | null {
    if (this.#handled >= MOST_AT_ONCE) return null;
    const next = this.#earliest(1)[0];
    return next === undefined ? null : Math.max(next.at, this.#pausedUntil);
  }

  #earliest(count: number): DueAlarm[] {
    return this.#loop.store.alarms(this.#busy.size + count).filter((alarm) => !this.#busy.has(keyOf(alarm)));
  }

  #ring(): void {
    const now = this.#loop.clock.now();
    for (const { class: className, id, at, retries } of this.#earliest(MOST_AT_ONCE - this.#handled)) {
      if (at > now) break;
      const name: ActorName = { class: className, id };
      this.#busy.add(keyOf(name));
      if (!this.#loop.has(className)) {
        this.#loop.report(new TypeError(`An alarm is due for the unknown class ${className}.`), name);
        continue;
      }
      this.#handled += 1;
      this.#loop.actor(name).deliver({ type: 'alarm', row: { at, retries } });
    }
  }

  fired(actor: Resident, row: AlarmRow): void {
    this.#tell(actor, 'fired', row);
  }

  done(actor: Resident, row: AlarmRow, hasRun: boolean): void {
    this.#settled(actor);
    if (hasRun) this.#tell(actor, 'done', row);
  }

  failed(actor: Resident, row: AlarmRow, isGuilty: boolean): void {
    this.#settled(actor);
    if (!isGuilty) return this.pause();
    const loop = this.#loop;
    try {
      const now = actor.rows.getAlarm();
      // The handler had set another before it waited and threw: that one counts.
      if (now?.at !== row.at || now.retries !== row.retries) return;
      const delayMs = alarmRetryDelayMs(row.retries + 1, this.#random());
      loop.touched(actor);
      if (delayMs === null) {
        actor.rows.setAlarm(null);
        this.#tell(actor, 'dropped', row);
        loop.report(new Error(`An alarm failed ${row.retries + 1} times and is dropped.`), actor.name);
      } else {
        actor.rows.setAlarm({ at: loop.clock.now() + delayMs, retries: row.retries + 1 });
        this.#tell(actor, 'retry', row);
      }
    } catch (error) {
      loop.storeFailed(toSluiceError(error));
    }
  }

  #settled(actor: Resident): void {
    if (!this.#busy.delete(keyOf(actor.name))) return;
    this.#handled -= 1;
    // Its row may be gone only with the commit that comes.
    this.#loop.arm();
    queueMicrotask(() => {
      this.refresh();
    });
  }

  #tell(actor: Resident, outcome: 'fired' | 'done' | 'retry' | 'dropped', row: AlarmRow): void {
    const { observers, clock } = this.#loop;
    if (!observers.isWatched) return;
    const lateMs = clock.now() - row.at;
    observers.tell({ type: 'alarm', actor: actor.name, outcome, retries: row.retries, lateMs });
  }
}

function keyOf({ class: className, id }: ActorName): string {
  return `${className}\0${id}`;
}
