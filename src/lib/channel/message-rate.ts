/** A token bucket: so many messages at once, then so many a second. Never refuses: it says how long to wait. */
export class MessageRate {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #at: number | null = null;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#left = burst;
  }

  /**
   * Counts one message.
   * @param now ms on any clock that only goes forward
   * @returns ms to wait before the next one is welcome; 0 = none
   */
  take(now: number): number {
    this.#left = Math.min(this.#burst, this.#left + (now - (this.#at ?? now)) * this.#perMs) - 1;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / this.#perMs);
  }
}
