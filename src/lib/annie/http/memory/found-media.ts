/**
 * On which page a look-up has found an address, and what the list called it, so that its download has that page's cookies and
 * Referer, and the file the name that was listed. By session. Pure; the clock is passed in.
 */
import type { FoundOn } from '../../../protocol/runner.ts';
import { SessionAddresses } from './session-addresses.ts';

/** A list stays open for a while before somebody picks. */
const TTL_MS = 60 * 60_000;
/** Of all sessions. */
const MAX_ADDRESSES = 2_000;

export class FoundMedia {
  readonly #found = new SessionAddresses<FoundOn & { atMs: number }>(MAX_ADDRESSES);

  record(session: string | null, url: string, found: FoundOn, nowMs: number): void {
    this.#found.set(session, url, { ...found, atMs: nowMs });
  }

  /** Null when nothing was recorded in the last hour. */
  get(session: string | null, url: string, nowMs: number): FoundOn | null {
    const found = this.#found.get(session, url);
    if (!found || nowMs - found.atMs >= TTL_MS) return null;
    const { atMs: _, ...rest } = found;
    return rest;
  }
}
