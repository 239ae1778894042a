/** The client's clock and timers, which tests replace. */
export interface ClientClock {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Calls `action` once, `delayMs` from now. @returns cancels it */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClientClock: ClientClock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
