/** When alarms fire and when failed ones are retried. */
import type { Clock } from './clock.ts';

const ALARM_RETRIES = 6;
/** Before the first retry; doubles with each. Source: Cloudflare's alarms. */
export const ALARM_RETRY_MS = 2000;
/** The longest timer, so that a changed clock or a suspended machine is noticed. */
const LONGEST_SLEEP_MS = 60_000;
/** A timer that fires so much before its time, by the clock, was not early: the clock was set back. */
const SET_BACK_MS = 1_000;

/**
 * How long to wait before retry number `retry` (1–6), in ms: 2 s doubled each time and up to half as much again,
 * so that objects that failed together are not retried together.
 * Null when there are no retries left.
 * @param random 0 ≤ random < 1
 */
export function alarmRetryDelayMs(retry: number, random: number): number | null {
  if (retry > ALARM_RETRIES) return null;
  return Math.round(ALARM_RETRY_MS * 2 ** (retry - 1) * (1 + random / 2));
}

/** Sleeps until the earliest alarm of all objects. One timer, however many alarms. */
export class AlarmTimer {
  readonly #clock: Clock;
  readonly #nextAt: () => number | null;
  readonly #fire: () => void;
  readonly #onSetBack: (expectedNow: number) => void;
  #timer: unknown = null;
  #timerAt = Infinity;
  /** When the clock was last read. */
  #latestNow = -Infinity;

  /**
   * @param nextAt epoch ms of the earliest alarm that is not being handled; null = none
   * @param fire called at that time; `nextAt` must not return the due ones afterwards
   * @param onSetBack called when the clock was found to have been set back, with what it would show otherwise
   */
  constructor(
    clock: Clock,
    nextAt: () => number | null,
    fire: () => void,
    onSetBack: (expectedNow: number) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#nextAt = nextAt;
    this.#fire = fire;
    this.#onSetBack = onSetBack;
  }

  /** Call whenever `nextAt` may have changed. */
  refresh(): void {
    const now = this.#readClock();
    const nextAt = this.#nextAt();
    if (nextAt === null) return this.stop();
    const at = Math.min(Math.max(nextAt, now), now + LONGEST_SLEEP_MS);
    // Keep an earlier timer: one needless wake-up is cheaper than setting it at each change.
    if (this.#timer !== null && this.#timerAt <= at) return;
    this.stop();
    this.#timerAt = at;
    this.#timer = this.#clock.setTimeout(() => {
      const expectedNow = this.#timerAt;
      this.#timer = null;
      this.#timerAt = Infinity;
      const now = this.#readClock(expectedNow);
      const due = this.#nextAt();
      if (due !== null && due <= now) this.#fire();
      this.refresh();
    }, at - now);
  }

  /**
   * What the clock shows. A timer that is set anew would hide that the clock was set back while the old one ran, so it is
   * compared each time.
   * @param expectedNow what it shows at least, had it not been set back
   */
  #readClock(expectedNow = this.#latestNow): number {
    const now = this.#clock.now();
    this.#latestNow = now;
    if (now < expectedNow - SET_BACK_MS) {
      this.stop();
      this.#onSetBack(expectedNow);
    }
    return now;
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = Infinity;
  }
}
