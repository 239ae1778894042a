/** A token bucket that never refuses a message, but says how long to wait before reading the next one. */
export class MessageRate {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #refilledAt: number | null = null;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
  }

  /**
   * Counts one message.
   * @param now ms of a monotonic clock
   * @returns ms to wait before reading the next message; 0 = none
   */
  waitAfterMessage(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - (this.#refilledAt ?? now)) * this.#perMs) - 1;
    this.#refilledAt = now;
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
  }
}
