/**
 * A session that sends no command for `leaseMs` has its jobs ended: its machine may be gone, and another one may
 * already run them elsewhere. One timer, for the session that was silent longest.
 */
import { startTimer, type RunnerClock } from './clock.ts';

interface LeasesOptions {
  clock: RunnerClock;
  /** Infinity = sessions live in this process and never expire. */
  leaseMs: number;
  onExpired: (session: string) => void;
  /** Whether there is anything to end; sessions without work are forgotten. */
  hasWork: (session: string) => boolean;
}

export class Leases {
  readonly #options: LeasesOptions;
  /** When each lease was renewed, the oldest first. */
  readonly #renewedAt = new Map<string, number>();
  #stopTimer: (() => void) | null = null;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  renew(session: string): void {
    const { clock, leaseMs } = this.#options;
    if (!Number.isFinite(leaseMs)) return;
    this.#renewedAt.delete(session);
    this.#renewedAt.set(session, clock.now());
    this.#stopTimer ??= startTimer(clock, leaseMs, () => this.#expire());
  }

  close(): void {
    this.#stopTimer?.();
    this.#renewedAt.clear();
  }

  #expire(): void {
    const { clock, leaseMs, onExpired, hasWork } = this.#options;
    const now = clock.now();
    this.#stopTimer = null;
    for (const [session, renewedAt] of this.#renewedAt) {
      const leftMs = renewedAt + leaseMs - now;
      if (leftMs > 0) {
        this.#stopTimer = startTimer(clock, leftMs, () => this.#expire());
        return;
      }
      this.#renewedAt.delete(session);
      if (hasWork(session)) onExpired(session);
    }
  }
}
