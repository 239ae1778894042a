/** Rings the objects whose alarm is due, and sees to it that none is lost: its row goes only with its effect. */
import { toSluiceError } from '../../protocol/error.ts';
import type { Actor } from './actor.ts';
import { ALARM_RETRY_MS, alarmRetryDelayMs, AlarmTimer } from './alarms.ts';
import type { Kernel } from './kernel.ts';
import type { ActorName, AlarmRow, DueAlarm } from './store.ts';

/** Alarms handled at once: after a long stop thousands may be due. */
const MOST_AT_ONCE = 64;

export class AlarmRing {
  readonly #kernel: Kernel;
  readonly #random: () => number;
  readonly #timer: AlarmTimer;
  /** Being delivered or handled; and those of classes that this host does not have. */
  readonly #busy = new Set<string>();
  #handled = 0;
  /** After a failed commit: the rows are still there, and trying at once would only turn in circles. */
  #pausedUntil = 0;
  #isRunning = false;

  constructor(kernel: Kernel, random: () => number) {
    this.#kernel = kernel;
    this.#random = random;
    this.#timer = new AlarmTimer(
      kernel.clock,
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
    this.#pausedUntil = this.#kernel.clock.now() + ALARM_RETRY_MS;
  }

  #nextAt(): number | null {
    if (this.#handled >= MOST_AT_ONCE) return null;
    const next = this.#earliest(1)[0];
    return next === undefined ? null : Math.max(next.at, this.#pausedUntil);
  }

  #earliest(count: number): DueAlarm[] {
    return this.#kernel.store
      .alarms(this.#busy.size + count)
      .filter((alarm) => !this.#busy.has(keyOf(alarm)));
  }

  #ring(): void {
    const now = this.#kernel.clock.now();
    for (const { class: className, id, at, retries } of this.#earliest(MOST_AT_ONCE - this.#handled)) {
      if (at > now) break;
      const name: ActorName = { class: className, id };
      this.#busy.add(keyOf(name));
      if (!this.#kernel.has(className)) {
        this.#kernel.report(new TypeError(`An alarm is due for the unknown class ${className}.`), name);
        continue;
      }
      this.#handled += 1;
      this.#kernel.actor(name).deliver({ type: 'alarm', row: { at, retries } });
    }
  }

  fired(actor: Actor, row: AlarmRow): void {
    this.#tell(actor, 'fired', row);
  }

  /** The handler has settled, or was not called (`hasRun` false) because the alarm was moved meanwhile. */
  done(actor: Actor, row: AlarmRow, hasRun: boolean): void {
    this.#settled(actor);
    if (hasRun) this.#tell(actor, 'done', row);
  }

  /** The handler threw (`isGuilty`), or its object was reset for another reason: then the try does not count. */
  failed(actor: Actor, row: AlarmRow, isGuilty: boolean): void {
    this.#settled(actor);
    if (!isGuilty) return this.pause();
    const { kernel } = actor;
    try {
      const now = actor.rows.getAlarm();
      // The handler had set another before it waited and threw: that one counts.
      if (now?.at !== row.at || now.retries !== row.retries) return;
      const delayMs = alarmRetryDelayMs(row.retries + 1, this.#random());
      kernel.touched(actor);
      if (delayMs === null) {
        actor.rows.setAlarm(null);
        this.#tell(actor, 'dropped', row);
        kernel.report(new Error(`An alarm failed ${row.retries + 1} times and is dropped.`), actor.name);
      } else {
        actor.rows.setAlarm({ at: kernel.clock.now() + delayMs, retries: row.retries + 1 });
        this.#tell(actor, 'retry', row);
      }
    } catch (error) {
      kernel.storeFailed(toSluiceError(error));
    }
  }

  #settled(actor: Actor): void {
    if (!this.#busy.delete(keyOf(actor.name))) return;
    this.#handled -= 1;
    // Its row may be gone only with the commit that comes.
    this.#kernel.arm();
    queueMicrotask(() => {
      this.refresh();
    });
  }

  #tell(actor: Actor, outcome: 'fired' | 'done' | 'retry' | 'dropped', row: AlarmRow): void {
    const { observers, clock } = this.#kernel;
    if (!observers.isWatched) return;
    const lateMs = clock.now() - row.at;
    observers.tell({ type: 'alarm', actor: actor.name, outcome, retries: row.retries, lateMs });
  }
}

function keyOf({ class: className, id }: ActorName): string {
  return `${className}\0${id}`;
}
