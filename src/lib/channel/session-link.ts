/**
 * Links that open a session in another browser, or again in the one that lost it: made by `sluice operator` with the
 * server's key, for ten minutes. What has been used is kept in memory only, so a link from before the start of this
 * process is refused: otherwise a restart would make a used one good again.
 */
import { SluiceError } from '../protocol/error.ts';
import { paths } from '../protocol/paths.ts';
import { Grants } from './grant.ts';
import { LINK_MS } from './operator.ts';

export interface SessionLink {
  session: string;
  nonce: string;
  /** Epoch ms. */
  expiresAt: number;
}

export class SessionLinks {
  readonly #grants: Grants;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** Nonces of links that were used, with when they expire. Only the operator can make it longer. */
  readonly #used = new Map<string, number>();

  /** @param key the server's, as for `Tokens` */
  constructor(key: Uint8Array, now: () => number = Date.now) {
    this.#grants = new Grants(key, now);
    this.#now = now;
    this.#startedAt = now();
  }

  /** The link, below the server's origin. */
  link(session: string): string {
    // In the fragment, which no browser sends and so no server or proxy logs.
    return `${paths.link}#grant=${this.#grants.sign('session-link', LINK_MS, session)}`;
  }

  /**
   * Looks at a link and leaves it as it is.
   * @throws SluiceError `link_used`
   */
  read(grant: string): SessionLink {
    const found = this.#grants.verify('session-link', grant);
    if (
      found === null ||
      found.session === null ||
      found.expiresAt - LINK_MS < this.#startedAt ||
      this.#used.has(found.nonce)
    ) {
      throw new SluiceError('link_used');
    }
    return { session: found.session, nonce: found.nonce, expiresAt: found.expiresAt };
  }

  /**
   * Uses a link up.
   * @returns the session that it opens
   * @throws SluiceError `link_used`
   */
  redeem(grant: string): string {
    const { session, nonce, expiresAt } = this.read(grant);
    const now = this.#now();
    for (const [old, until] of this.#used) if (until <= now) this.#used.delete(old);
    this.#used.set(nonce, expiresAt);
    return session;
  }
}
