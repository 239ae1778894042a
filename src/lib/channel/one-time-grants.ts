/**
 * Grants that work once. Used ones are remembered in memory only, so those signed before this process started are refused: a
 * restart must not make a used one valid again.
 */
import { SluiceError } from '../protocol/error.ts';
import { type Grant, Grants, type Purpose } from './grant.ts';

/** Of a link: long enough to copy it from a terminal to a browser. */
export const LINK_LIFETIME_MS = 10 * 60_000;

export class OneTimeGrants {
  readonly #grants: Grants;
  readonly #purpose: Purpose;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** Expiry times of used grants, by nonce. Bounded: each one was a request, and those are limited. */
  readonly #used = new Map<string, number>();

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array, purpose: Purpose, now: () => number = Date.now) {
    this.#grants = new Grants(key, now);
    this.#purpose = purpose;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Valid for `LINK_LIFETIME_MS`. */
  sign(session: string | null = null): string {
    return this.#grants.sign(this.#purpose, LINK_LIFETIME_MS, session);
  }

  /** Whether it was signed for this purpose and has not expired, used or not. */
  isOne(grant: string): boolean {
    return this.#grants.verify(this.#purpose, grant) !== null;
  }

  /**
   * Verifies a grant without using it up.
   * @param notBefore epoch ms: earlier ones are refused too
   * @throws SluiceError `link_used`
   */
  read(grant: string, notBefore: (session: string | null) => number = () => 0): Grant {
    const found = this.#grants.verify(this.#purpose, grant);
    if (found === null || this.#used.has(found.nonce)) throw new SluiceError('link_used');
    const signedAt = found.expiresAt - LINK_LIFETIME_MS;
    if (signedAt < this.#startedAt || signedAt < notBefore(found.session)) throw new SluiceError('link_used');
    return found;
  }

  /** From now on `read` refuses it. */
  useUp({ nonce, expiresAt }: Pick<Grant, 'nonce' | 'expiresAt'>): void {
    const now = this.#now();
    for (const [old, until] of this.#used) if (until <= now) this.#used.delete(old);
    this.#used.set(nonce, expiresAt);
  }
}
