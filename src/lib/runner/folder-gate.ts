/**
 * Whether the download folder is in order, for all jobs together: one check at a time, however many wait for its result.
 * While it is not, the gate is closed: no job gets a slot, and all are refused with the same reason.
 */
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { startTimer, type RunnerClock } from './clock.ts';

interface FolderGateOptions {
  /** @throws SluiceError `disk_*`. `thorough`: also by writing, which finds a disk that gives I/O errors. */
  check: (how: { thorough: boolean }) => Promise<void>;
  clock: RunnerClock;
  /** It closed for this reason; null = it opened again. */
  onChange: (reason: SluiceError | null) => void;
}

/**
 * ms after which a check that has not returned closes the gate: a share whose server is away can block for ever. Longer
 * than a disk takes to spin up.
 */
const NO_ANSWER_MS = 20_000;

export class FolderGate {
  readonly #options: FolderGateOptions;
  #reason: SluiceError | null = null;
  #checking: Promise<SluiceError | null> | null = null;
  #isThorough = false;
  /** The check under way has not returned in time. */
  #isHanging = false;

  constructor(options: FolderGateOptions) {
    this.#options = options;
  }

  /** Why it is closed; null = it is open. */
  get reason(): SluiceError | null {
    return this.#reason;
  }

  /**
   * Checks the folder, or joins the check under way.
   * @param thorough also by writing; always so while the gate is closed
   * @returns the reason why it is closed; null = it is open. While a check hangs, the last reason is returned.
   */
  async inspect({ thorough = false } = {}): Promise<SluiceError | null> {
    if (this.#checking !== null) {
      // Another check would block another thread.
      if (this.#isHanging) return this.#reason;
      if (this.#isThorough || !thorough) return this.#checking;
      await this.#checking;
      return this.inspect({ thorough });
    }
    this.#isThorough = thorough || this.#reason !== null;
    return (this.#checking = this.#begin(this.#isThorough));
  }

  /** @throws SluiceError the reason why it is closed */
  async require(): Promise<void> {
    const reason = await this.inspect();
    if (reason !== null) throw reason;
  }

  #begin(thorough: boolean): Promise<SluiceError | null> {
    const { promise, resolve } = Promise.withResolvers<SluiceError | null>();
    const stopTimer = startTimer(this.#options.clock, NO_ANSWER_MS, () => {
      this.#isHanging = true;
      this.#set(this.#reason ?? new SluiceError('disk_error', 'The download folder does not answer.'));
      resolve(this.#reason);
    });
    void this.#check(thorough).then((reason) => {
      stopTimer();
      this.#checking = null;
      this.#isHanging = false;
      this.#set(reason);
      resolve(reason);
    });
    return promise;
  }

  async #check(thorough: boolean): Promise<SluiceError | null> {
    try {
      await this.#options.check({ thorough });
      return null;
    } catch (thrown) {
      return toSluiceError(thrown);
    }
  }

  #set(reason: SluiceError | null): void {
    const before = this.#reason;
    this.#reason = reason;
    if (before?.code !== reason?.code) this.#options.onChange(reason);
  }
}
