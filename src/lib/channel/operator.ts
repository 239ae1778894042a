/**
 * Authenticates the operator: anyone who can read the data dir, as there are no accounts. The server's key there signs a
 * link, which gives one browser a signed cookie; requests of `sluice operator` are signed with it directly.
 */
import { paths } from '../protocol/paths.ts';
import { readCookies } from './cookie.ts';
import { Grants } from './grant.ts';
import { OneTimeGrants } from './one-time-grants.ts';

const OPERATOR_COOKIE = 'sluice_operator';

const COOKIE_LIFETIME_MS = 12 * 60 * 60_000;
/** From signing a request in the command until the server reads it. */
export const REQUEST_LIFETIME_MS = 60_000;

export class OperatorAuth {
  readonly #grants: Grants;
  readonly #links: OneTimeGrants;

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array, now?: () => number) {
    this.#grants = new Grants(key, now);
    this.#links = new OneTimeGrants(key, 'operator-link', now);
  }

  /** The sign-in path, with a fresh grant. */
  link(): string {
    return `${paths.signIn}?grant=${this.#links.sign()}`;
  }

  /** Whether this is the grant of a sign-in link, used or not. */
  isLinkGrant(grant: string): boolean {
    return this.#links.isOne(grant);
  }

  /** @throws SluiceError `link_used`: it was used, or made before this process started */
  checkLink(grant: string): void {
    this.#links.read(grant);
  }

  /**
   * Uses a link up.
   * @returns the Set-Cookie line
   * @throws SluiceError `link_used`
   */
  signIn(grant: string, secure: boolean): string {
    this.#links.useUp(this.#links.read(grant));
    const parts = [
      `${OPERATOR_COOKIE}=${this.#grants.sign('operator-cookie', COOKIE_LIFETIME_MS)}`,
      'Path=/',
      `Max-Age=${COOKIE_LIFETIME_MS / 1000}`,
      'HttpOnly',
      'SameSite=Strict',
    ];
    if (secure) parts.push('Secure');
    return parts.join('; ');
  }

  /** @param cookie the request's Cookie header */
  isOperator(cookie: string | null | undefined): boolean {
    return readCookies(cookie, OPERATOR_COOKIE).some(
      (value) => this.#grants.verify('operator-cookie', value) !== null,
    );
  }

  /** The Authorization header of a request by the command. It carries no identity: signing it proves having the key. */
  authorization(): string {
    return `Bearer ${this.#grants.sign('operator-request', REQUEST_LIFETIME_MS)}`;
  }

  isAuthorized(authorization: string | null | undefined): boolean {
    const signed = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
    return this.#grants.verify('operator-request', signed) !== null;
  }
}
