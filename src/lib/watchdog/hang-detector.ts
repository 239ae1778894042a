/**
 * Decides when a process whose event loop is blocked is ended. Pure: the watchdog's thread reads the heartbeats of the
 * main thread and its own clock, and acts on the verdict.
 */
export interface HangLimits {
  /** ms without a heartbeat after which the process is ended. */
  silentMs: number;
  /** The same, once the process got a signal that the main thread has not handled. */
  signalMs: number;
  /** ms between two ticks, and between two heartbeats. */
  tickMs: number;
}

/** A signal has to end the process within 5 s: 3 s leave time for a busy machine. */
export const HANG_LIMITS: HangLimits = { silentMs: 10_000, signalMs: 3_000, tickMs: 500 };

/**
 * Fractions of the limit after which the main thread is asked which job it works for. Twice: several jobs can run in one
 * turn of the event loop, and only a job that is named both times is blamed.
 */
const ASK_AT = [0.5, 0.9];
/** A tick counts as at most so many: after a longer gap the machine was suspended, the process stopped, or nothing ran. */
const MAX_TICKS_COUNTED = 2;
/** The first heartbeat after a signal can be from a turn of the loop that polled for signals before it came. */
const HEARTBEATS_TO_HANDLE = 2;

export type Verdict =
  | { do: 'nothing' }
  /** `first`: earlier answers are from an earlier hang. */
  | { do: 'ask'; first: boolean }
  /** `signal`: the one that was not handled; null = `silentMs` of the limits is over. */
  | { do: 'end'; silentMs: number; signal: string | null };

interface Tick {
  /** Number of heartbeats so far. */
  heartbeats: number;
  /** ms since the tick before, monotonic. */
  elapsedMs: number;
  /** Silence is allowed: a debugger is attached. */
  isPaused: boolean;
  /** The store is being opened, which may take any time: only a signal ends the process. */
  isStarting?: boolean;
}

export class HangDetector {
  readonly #limits: HangLimits;
  #heartbeats = 0;
  #silentMs = 0;
  #asked = 0;
  #signal: { name: string; heartbeatsLeft: number } | null = null;

  constructor(limits: HangLimits) {
    this.#limits = limits;
  }

  /** The process got a signal that its main thread has to handle. */
  onSignal(name: string): void {
    this.#signal = { name, heartbeatsLeft: HEARTBEATS_TO_HANDLE };
  }

  tick({ heartbeats, elapsedMs, isPaused, isStarting = false }: Tick): Verdict {
    const { silentMs: limitMs, signalMs, tickMs } = this.#limits;
    const newHeartbeats = heartbeats - this.#heartbeats;
    this.#heartbeats = heartbeats;
    if (newHeartbeats > 0) this.#countDownSignal(newHeartbeats);
    if (newHeartbeats > 0 || isPaused || (isStarting && this.#signal === null)) {
      this.#silentMs = 0;
      this.#asked = 0;
      return { do: 'nothing' };
    }
    this.#silentMs += Math.min(elapsedMs, MAX_TICKS_COUNTED * tickMs);
    const silentMs = this.#silentMs;
    if (this.#signal !== null && silentMs >= signalMs) {
      return { do: 'end', silentMs, signal: this.#signal.name };
    }
    if (silentMs >= limitMs) return { do: 'end', silentMs, signal: null };
    const askAt = ASK_AT[this.#asked];
    if (askAt === undefined || silentMs < askAt * limitMs) return { do: 'nothing' };
    return { do: 'ask', first: this.#asked++ === 0 };
  }

  #countDownSignal(heartbeats: number): void {
    if (this.#signal === null) return;
    this.#signal.heartbeatsLeft -= heartbeats;
    if (this.#signal.heartbeatsLeft <= 0) this.#signal = null;
  }
}
