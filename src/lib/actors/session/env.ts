import type { AnyActorRef } from 'xstate';
import type { EngineName } from '../../protocol/media.ts';
import type { FoundOn, RunnerPort } from '../../protocol/runner.ts';
import type { Clock } from '../durable/clock.ts';

/** The environment that a host gives to every session: its only access to the outside. */
export interface SessionEnv {
  runner: RunnerPort;
  /** XState's clock too. */
  clock: Clock;
  /** A new download's id (`DOWNLOAD_ID`). */
  newId(): string;
  /** 0 ≤ n < 1, for jitter. */
  random(): number;
  /**
   * Checks whether an address may be fetched, before anything is resolved.
   * @param session that asks
   * @returns the address without surrounding blanks, and with a scheme
   * @throws SluiceError `invalid_url`, `url_too_long`, `unsupported_scheme`, `address_refused`
   */
  checkUrl(text: string, session: string): string;
  /** Where a look-up of this session has found an address lately; null = nowhere. It is stored with a new download. */
  foundOn?: (url: string, session: string) => FoundOn | null;
  /** Whether the server has an engine of this name; absent = any that may be a name is taken, and fails in the runner. */
  hasEngine?: (name: EngineName) => boolean;
  /**
   * Called before a new download is stored.
   * @throws SluiceError `disk_full` when the remaining space is needed for the existing downloads
   */
  checkRoom(): void;
  /**
   * Downloads of a session that must not resume by themselves, because they blocked earlier processes. Called each time the
   * session wakes.
   */
  blamedDownloads?: (session: string) => readonly string[];
  /**
   * Who used a session last: stored as its owner when it is first written to. null = not known; absent: sessions have no
   * owners.
   */
  ownerOf?: (session: string) => string | null;
  /**
   * Counts what is to be stored for an owner.
   * @param addsPerDay that they may add; null = as many as anybody
   * @throws SluiceError `too_many_requests`
   */
  countAdd?: (owner: string | null, bytes: number, addsPerDay: number | null) => void;
  /** The throttle interval: progress within it becomes one frame, ms. */
  throttleMs: number;
  /** Downloads of this session that may be active at once. */
  maxActive: number;
  /** Called with a session's root actor when it is made, so that its machines can be inspected. */
  machinesStarted?: (session: string, root: AnyActorRef) => void;
}
