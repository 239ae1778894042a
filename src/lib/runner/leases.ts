/**
 * A session that has not been heard of for a lease has its jobs ended: its machine may be gone, and another one
 * may already run them elsewhere. One timer, for the session that was silent longest.
 */
import { startTimer, type Clock } from './clock.ts';

export interface LeasesOptions {
  clock: Clock;
  /** Infinity = sessions live in this process and are never given up. */
  leaseMs: number;
  onExpired: (session: string) => void;
  /** Whether there is anything to end; sessions without work are forgotten. */
  hasWork: (session: string) => boolean;
}

export class Leases {
  readonly #options: LeasesOptions;
  /** When each session was last heard of, the longest silent first. */
  readonly #heardAt = new Map<string, number>();
  #stopTimer: (() => void) | null = null;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  renew(session: string): void {
    const { clock, leaseMs } = this.#options;
    if (!Number.isFinite(leaseMs)) return;
    this.#heardAt.delete(session);
    this.#heardAt.set(session, clock.now());
    this.#stopTimer ??= startTimer(clock, leaseMs, () => this.#expire());
  }

  close(): void {
    this.#stopTimer?.();
    this.#heardAt.clear();
  }

  #expire(): void {
    const { clock, leaseMs, onExpired, hasWork } = this.#options;
    const now = clock.now();
    this.#stopTimer = null;
    for (const [session, heardAt] of this.#heardAt) {
      const leftMs = heardAt + leaseMs - now;
      if (leftMs > 0) {
        this.#stopTimer = startTimer(clock, leftMs, () => this.#expire());
        return;
      }
      this.#heardAt.delete(session);
      if (hasWork(session)) onExpired(session);
    }
  }
}
