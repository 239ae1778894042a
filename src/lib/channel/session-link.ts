/**
 * One-time links that open a session in another browser, or again in the one that lost it. The page of a list makes them, and
 * `sluice operator` with the server's key; they are valid for ten minutes.
 */
import { SluiceError } from '../protocol/error.ts';
import type { DevicePerson } from '../protocol/people.ts';
import { paths } from '../protocol/paths.ts';
import { LINK_LIFETIME_MS, OneTimeGrants } from './one-time-grants.ts';

export interface SessionLink {
  session: string;
  nonce: string;
  /** Epoch ms. */
  expiresAt: number;
  /** Who made it; null = nobody who has signed in. */
  person: DevicePerson | null;
}

export class SessionLinks {
  readonly #grants: OneTimeGrants;
  readonly #now: () => number;
  /** Who made a link, by its nonce; as long as it can be used. */
  readonly #makers = new Map<string, { person: DevicePerson; expiresAt: number }>();
  /** When a list's links were withdrawn, epoch ms, the one withdrawn longest ago first. */
  readonly #withdrawn = new Map<string, number>();

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array, now: () => number = Date.now) {
    this.#grants = new OneTimeGrants(key, 'session-link', now);
    this.#now = now;
  }

  /**
   * The path of a new link.
   * @param person who makes it: the browser that opens it is theirs
   */
  link(session: string, person: DevicePerson | null = null): string {
    const grant = this.#grants.sign(session);
    if (person !== null) this.#noteMaker(grant, person);
    // In the fragment, which browsers do not send, so that no server or proxy logs it.
    return `${paths.link}#grant=${grant}`;
  }

  #noteMaker(grant: string, person: DevicePerson): void {
    const now = this.#now();
    for (const [old, { expiresAt }] of this.#makers) if (expiresAt <= now) this.#makers.delete(old);
    const { nonce, expiresAt } = this.read(grant);
    this.#makers.set(nonce, { person, expiresAt });
  }

  /** Those made for the session up to now cannot be used any more. */
  withdraw(session: string): void {
    const now = this.#now();
    // In order of time, so that those that no link is older than come first.
    this.#withdrawn.delete(session);
    this.#withdrawn.set(session, now);
    for (const [old, at] of this.#withdrawn) {
      if (at + LINK_LIFETIME_MS > now) return;
      this.#withdrawn.delete(old);
    }
  }

  /**
   * Verifies a link without using it up.
   * @throws SluiceError `link_used`
   */
  read(grant: string): SessionLink {
    const { session, nonce, expiresAt } = this.#grants.read(grant, (of) =>
      of === null ? Infinity : (this.#withdrawn.get(of) ?? 0),
    );
    if (session === null) throw new SluiceError('link_used');
    return { session, nonce, expiresAt, person: this.#makers.get(nonce)?.person ?? null };
  }

  /**
   * Uses a link up.
   * @returns the session that it opens
   * @throws SluiceError `link_used`
   */
  redeem(grant: string): string {
    const link = this.read(grant);
    this.#grants.useUp(link);
    return link.session;
  }
}
