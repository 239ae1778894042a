import type { AnyActorRef } from 'xstate';
import type { RunnerPort } from '../../protocol/runner.ts';
import type { Clock } from '../durable/clock.ts';

/** What a host gives to every session: all of the outside world that it can touch. */
export interface SessionEnv {
  runner: RunnerPort;
  /** XState's clock too. */
  clock: Clock;
  /** A new download's id: 12 characters of A–Z a–z 0–9 _ -. */
  newId(): string;
  /** 0 ≤ n < 1, for jitter. */
  random(): number;
  /**
   * Whether an address may be asked for at all, before anything is resolved.
   * @returns the address without surrounding blanks
   * @throws SluiceError `invalid_url`, `url_too_long`, `unsupported_scheme`, `address_refused`
   */
  checkUrl(text: string): string;
  /**
   * Called before a new download is stored.
   * @throws SluiceError `disk_full` when there is room only for what becomes of those that are there
   */
  checkRoom(): void;
  /**
   * Downloads of a session that must not go on by themselves, because earlier processes were ended over them. Asked each
   * time that the session wakes.
   */
  setAside?: (session: string) => readonly string[];
  /** The window in which progress is gathered into one frame, ms. */
  throttleMs: number;
  /** Downloads of this session that may be active at once. */
  maxActive: number;
  /** Called with a session's root actor when it is made, so that its machines can be inspected. */
  machinesStarted?: (session: string, root: AnyActorRef) => void;
}
