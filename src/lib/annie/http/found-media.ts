/**
 * On which page a look-up has found an address, and what the list called it, so that its download has that page's cookies and
 * Referer, and the file the name that was listed. By session. Pure; the clock is passed in.
 */

/** A list stays open for a while before somebody picks. */
const TTL_MS = 60 * 60_000;
const MAX_ADDRESSES = 2_000;

export interface FoundOn {
  /** Address of the page. */
  page: string;
  /** As listed; null = the file is called as its server says. */
  title: string | null;
  /** The page sets cookies, which its media may need. */
  setsCookies: boolean;
}

export class FoundMedia {
  readonly #found = new Map<string, FoundOn & { atMs: number }>();

  record(session: string | null, url: string, found: FoundOn, nowMs: number): void {
    const key = keyOf(session, url);
    this.#found.delete(key);
    this.#found.set(key, { ...found, atMs: nowMs });
    if (this.#found.size > MAX_ADDRESSES) this.#found.delete(this.#found.keys().next().value as string);
  }

  /** Null when nothing was recorded in the last hour. */
  get(session: string | null, url: string, nowMs: number): FoundOn | null {
    const found = this.#found.get(keyOf(session, url));
    return found && nowMs - found.atMs < TTL_MS ? found : null;
  }
}

function keyOf(session: string | null, url: string): string {
  return `${session ?? ''} ${url}`;
}
