/**
 * The size and version of each file that a look-up has listed. If a download soon afterwards is given another size for the
 * same version, one of them is wrong. By session. Pure; the clock is passed in.
 */
import type { Version } from '../head/head.ts';
import { SessionAddresses } from './session-addresses.ts';

/** As for the listings of the other engines. */
const TTL_MS = 10 * 60_000;
/** Of all sessions. */
const MAX_ADDRESSES = 500;

export class ListedSizes {
  readonly #listed = new SessionAddresses<{ version: Version | null; atMs: number }>(MAX_ADDRESSES);
  readonly #caller: () => string | null;

  /** @param caller the session that asks */
  constructor(caller: () => string | null) {
    this.#caller = caller;
  }

  /** Replaces the entry of an address; null = the look-up found nothing that could be compared. */
  record(url: string, version: Version | null, nowMs: number): void {
    this.#listed.set(this.#caller(), url, { version, atMs: nowMs });
  }

  /** Empty when nothing was recorded in the last 10 minutes. */
  get(url: string, nowMs: number): Version[] {
    const { version = null, atMs = 0 } = this.#listed.get(this.#caller(), url) ?? {};
    return version !== null && nowMs - atMs < TTL_MS ? [version] : [];
  }
}
