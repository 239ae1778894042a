/**
 * When a process whose event loop does not turn is ended. Pure: the thread that watches reads the beats of the main
 * thread and its own clock, and does what comes out of here.
 */
export interface Limits {
  /** ms of silence after which the process is ended. */
  silentMs: number;
  /** ms of silence after which it is, once it was sent a signal that the main thread has not handled. */
  signalMs: number;
  /** ms between two looks at the beats, which come as often. */
  tickMs: number;
}

/** A signal has to end the process within 5 s: 3 leave time for a machine that is busy elsewhere. */
export const LIMITS: Limits = { silentMs: 10_000, signalMs: 3_000, tickMs: 500 };

/**
 * Parts of the limit after which the main thread is asked whose work it does. Twice: the promises of several jobs can
 * run in one turn of the loop, and only a job that was at work both times is blamed.
 */
const ASK_AT = [0.5, 0.9];
/** A tick that comes later than this many counts no further: the machine slept, the process was stopped, or nothing ran. */
const TICKS_COUNTED = 2;
/** The first beat after a signal can be of a turn of the loop that had looked for signals before it came. */
const BEATS_TO_HANDLE = 2;

export type Verdict =
  | { do: 'nothing' }
  /** `first` in this silence: what was answered earlier is of another one. */
  | { do: 'ask'; first: boolean }
  /** `signal` = the one it was sent; null = its time is up. */
  | { do: 'end'; silentMs: number; signal: string | null };

export interface Tick {
  /** Beats of the main thread so far. */
  beats: number;
  /** ms since the tick before, by a clock that never goes back. */
  elapsedMs: number;
  /** It may be silent for as long as it likes: it only starts, or a debugger has it. */
  isHeld: boolean;
}

export class Silence {
  readonly #limits: Limits;
  #beats = 0;
  #silentMs = 0;
  #asked = 0;
  #signal: { name: string; beatsLeft: number } | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The process was sent a signal on which its main thread has to act. */
  signalled(name: string): void {
    this.#signal = { name, beatsLeft: BEATS_TO_HANDLE };
  }

  tick({ beats, elapsedMs, isHeld }: Tick): Verdict {
    const { silentMs: limitMs, signalMs, tickMs } = this.#limits;
    const newBeats = beats - this.#beats;
    this.#beats = beats;
    if (newBeats > 0) this.#isHandling(newBeats);
    if (newBeats > 0 || isHeld) {
      this.#silentMs = 0;
      this.#asked = 0;
      return { do: 'nothing' };
    }
    this.#silentMs += Math.min(elapsedMs, TICKS_COUNTED * tickMs);
    const silentMs = this.#silentMs;
    if (this.#signal !== null && silentMs >= signalMs) {
      return { do: 'end', silentMs, signal: this.#signal.name };
    }
    if (silentMs >= limitMs) return { do: 'end', silentMs, signal: null };
    const askAt = ASK_AT[this.#asked];
    if (askAt === undefined || silentMs < askAt * limitMs) return { do: 'nothing' };
    return { do: 'ask', first: this.#asked++ === 0 };
  }

  #isHandling(beats: number): void {
    if (this.#signal === null) return;
    this.#signal.beatsLeft -= beats;
    if (this.#signal.beatsLeft <= 0) this.#signal = null;
  }
}
