/** A token bucket. Pure: the time comes from outside. */

export interface Rate {
  /** At once. */
  burst: number;
  /** By which it is refilled. */
  perSecond: number;
}

export class Bucket {
  readonly #rate: Rate;
  /** Less than none are owed. */
  #tokens: number;
  #at: number;

  /** @param now ms of a monotonic clock, here and below */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  hasRate({ burst, perSecond }: Rate): boolean {
    return this.#rate.burst === burst && this.#rate.perSecond === perSecond;
  }

  /** What is used of a burst, owed tokens included. */
  used(now: number): number {
    return this.#rate.burst - this.#refilled(now);
  }

  /**
   * Takes so many, unless that is too much.
   * @param amount more than a whole burst is taken from a full bucket
   * @returns ms until they are there; 0 = they are taken
   */
  take(amount: number, now: number): number {
    const missing = Math.min(amount, this.#rate.burst) - this.#refilled(now);
    if (missing > 0) return this.#msFor(missing);
    this.#tokens -= amount;
    return 0;
  }

  /** Takes so many although it is too much. @returns ms until no more are owed; 0 = none are */
  charge(amount: number, now: number): number {
    this.#tokens = this.#refilled(now) - amount;
    return this.#tokens >= 0 ? 0 : this.#msFor(-this.#tokens);
  }

  #refilled(now: number): number {
    const { burst, perSecond } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    return this.#tokens;
  }

  #msFor(tokens: number): number {
    return Math.ceil((tokens / this.#rate.perSecond) * 1000);
  }
}
